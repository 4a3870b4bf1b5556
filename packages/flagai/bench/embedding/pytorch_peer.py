# PyTorch's side of bench:altclip: transformers in eager mode, as its documentation shows; see flag.mjs for the protocol.
# With int8 as the last argument, its linear layers are quantised dynamically, as PyTorch's own documentation shows;
# with bfloat16, the whole model has that type, whose products the newest processors multiply in hardware.
import json
import sys
import time

import torch
from PIL import Image
from transformers import AltCLIPModel, CLIPImageProcessor, XLMRobertaTokenizer

folder, threads, text, picture = sys.argv[1:5]
torch.set_num_threads(int(threads))
torch.set_grad_enabled(False)


def answer(value):
    print(json.dumps(value), flush=True)


model = AltCLIPModel.from_pretrained(folder, attn_implementation="eager").eval()
if sys.argv[5:] == ["int8"]:
    model = torch.ao.quantization.quantize_dynamic(model, {torch.nn.Linear}, dtype=torch.qint8)
if sys.argv[5:] == ["bfloat16"]:
    model = model.to(torch.bfloat16)
tokenizer = XLMRobertaTokenizer.from_pretrained(folder)
processor = CLIPImageProcessor.from_pretrained(folder)


def features(output):
    # transformers 5 gives the pooled output of a tower, older versions the tensor itself.
    return (output if isinstance(output, torch.Tensor) else output.pooler_output).float()


def encode_text(texts):
    inputs = tokenizer(texts, padding=True, truncation=True, max_length=77, return_tensors="pt")
    embeds = features(model.get_text_features(input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"]))
    return embeds / embeds.norm(dim=-1, keepdim=True)


def encode_image(paths):
    pictures = [Image.open(path).convert("RGB") for path in paths]
    pixels = processor(images=pictures, return_tensors="pt")["pixel_values"].to(model.dtype)
    embeds = features(model.get_image_features(pixel_values=pixels))
    return embeds / embeds.norm(dim=-1, keepdim=True)


answer({"first": True, "text": encode_text([text])[0, :8].tolist(), "image": encode_image([picture])[0, :8].tolist()})

for line in sys.stdin:
    request = json.loads(line)
    inputs, batch = request["inputs"], request["batch"]
    encode = encode_text if request["what"] == "text" else encode_image
    start = time.perf_counter()
    for at in range(0, len(inputs), batch):
        encode(inputs[at : at + batch])
    answer({"seconds": time.perf_counter() - start})
