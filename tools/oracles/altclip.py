"""Golden models and outputs for packages/flagai/src/models/altclip.

Writes packages/flagai/goldens/altclip/: small AltCLIP models with random weights, in the layouts that people have
them in, and `expected.safetensors` with what transformers' AltCLIPModel (eager attention, fp32, CPU) makes of the
inputs stored beside it; `gradients.safetensors` holds the gradients of its contrastive loss:

- altclip        the pattern of BAAI/AltCLIP: quick_gelu pictures, project_dim narrower than the text tower; also the
                 model of the end-to-end test, with tokenizer and preprocessor (`end_to_end.json`)
- altclip-m18    the pattern of BAAI/AltCLIP-m18: gelu pictures, a wider and deeper vision tower, project_dim as wide
                 as the text tower
- odd            sizes that do not divide: pictures with pixels that fill no patch, other epsilons, two token types,
                 tanh gelu, pictures of another size with interpolated positions, a text of the greatest length

`altclip` is stored as safetensors and, in layouts/, as sharded safetensors, `.bin`, sharded `.bin`, fp16 and bf16
safetensors, as transformers 5 saves it (which renames layers of both towers), and as FlagAI saves it (`flagai`:
latest_iteration.txt and 120/pytorch_model.bin with {'module': …}; `wrapped`: {'state_dict': {'module.…': …}}). The
.bin files also hold what old files hold: position_ids and an unused pooler.

Weights are larger than a fresh model's, so that attention is far from uniform and every layer matters.
Made with torch 2.13.0, transformers 5.24.0, safetensors 0.8.0, sentencepiece 0.2.3; seed 3.
Run: python tools/oracles/altclip.py
"""

import json
import os
import random
import shutil

import sentencepiece
import torch
from safetensors.torch import save_file
from transformers import AltCLIPConfig, AltCLIPModel
from transformers.image_utils import load_image
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

HERE = os.path.dirname(os.path.abspath(__file__))
OUT = os.path.join(HERE, "../../packages/flagai/goldens/altclip")
PICTURES = os.path.join(HERE, "../../packages/flagai/goldens/preprocess/pictures")
shutil.rmtree(OUT, ignore_errors=True)
os.makedirs(OUT)
torch.manual_seed(3)
torch.set_num_threads(1)

# What the tiny tokenizer learns from and the end-to-end test asks.
SENTENCES = """a photo of a cat|a photo of a dog|a red circle|the night sky|一张猫的照片|一张狗的照片|红色的圆|夜晚的天空
une photo d'un chat|une photo d'un chien|un cercle rouge|le ciel nocturne|фото кота|фото собаки|красный круг|ночное небо
猫の写真|犬の写真|赤い円|夜空|고양이 사진|개 사진|빨간 원|밤하늘|una foto de un gato|una foto de un perro|un círculo rojo
el cielo nocturno|صورة قطة|صورة كلب|دائرة حمراء|سماء الليل|una foto di un gatto|ein Foto von einer Katze|um gato|बिल्ली""".replace(
    "\n", "|"
).split("|")


def write_json(path, value):
    with open(path, "w", encoding="utf8") as file:
        json.dump(value, file, ensure_ascii=False, indent=1)


def model_of(text, vision, projection_dim):
    config = AltCLIPConfig(text_config=text, vision_config=vision, projection_dim=projection_dim)
    config._attn_implementation = "eager"
    model = AltCLIPModel(config).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            lower = name.lower()
            if name == "logit_scale":
                parameter.fill_(2.3)
            elif name.endswith(".bias"):
                parameter.normal_(0, 0.2)
            elif "norm" in lower or "_ln" in lower:
                parameter.normal_(1, 0.2)
            elif "embedding" in lower:
                parameter.normal_(0, 0.5)
            else:
                parameter.normal_(0, 1.3 * parameter[0].numel() ** -0.5)
    return model


def texts_of(config, lengths):
    """Random ids between <s> and </s>, padded on the right."""
    ids = torch.full((len(lengths), max(lengths)), config.pad_token_id)
    for row, length in enumerate(lengths):
        ids[row, :length] = torch.randint(4, config.vocab_size, (length,))
        ids[row, 0] = 0
        ids[row, length - 1] = 2
    return ids, (ids != config.pad_token_id).long()


@torch.no_grad()
def outputs_of(model, ids, mask, pixels, interpolate=False):
    config = model.config
    text = model.text_model(input_ids=ids, attention_mask=mask, output_hidden_states=True)
    vision = model.vision_model(pixel_values=pixels, output_hidden_states=True, interpolate_pos_encoding=interpolate)
    both = model(input_ids=ids, attention_mask=mask, pixel_values=pixels, interpolate_pos_encoding=interpolate)
    assert len(text.hidden_states) == config.text_config.num_hidden_layers + 1
    assert len(vision.hidden_states) == config.vision_config.num_hidden_layers + 1
    tensors = {
        "in.ids": ids,
        "in.mask": mask.to(torch.uint8),
        "in.pixels": pixels,
        "text.last_hidden_state": text.last_hidden_state,
        "text.pooled": text.pooler_output,
        "text.features": model.text_projection(text.pooler_output),
        "text.embeds": both.text_embeds,
        "vision.pooled": vision.pooler_output,
        "vision.features": model.visual_projection(vision.pooler_output),
        "vision.embeds": both.image_embeds,
        "logits_per_image": both.logits_per_image,
    }
    for i, state in enumerate(text.hidden_states):
        tensors[f"text.hidden.{i}"] = state
    for i, state in enumerate(vision.hidden_states):
        tensors[f"vision.hidden.{i}"] = state
    return {name: tensor.clone().contiguous() for name, tensor in tensors.items()}


def state_of(model, old=False):
    """The state dict under its published names; transformers 5 calls the text tower's layers `layers`."""
    state = {
        name.replace("roberta.encoder.layers.", "roberta.encoder.layer."): tensor.detach().clone().contiguous()
        for name, tensor in model.state_dict().items()
    }
    if old:
        text, vision = model.config.text_config, model.vision_model.embeddings
        width = text.hidden_size
        state["text_model.roberta.embeddings.position_ids"] = torch.arange(text.max_position_embeddings)[None]
        state["text_model.roberta.pooler.dense.weight"] = torch.randn(width, width)
        state["text_model.roberta.pooler.dense.bias"] = torch.randn(width)
        state["vision_model.embeddings.position_ids"] = torch.arange(vision.num_positions)[None]
    return state


def save_sharded(folder, state, extension, save):
    """Two files and an index, as save_pretrained writes them."""
    os.makedirs(folder, exist_ok=True)
    names = sorted(state)
    total = sum(state[name].numel() * state[name].element_size() for name in names)
    shards, size = [[], []], 0
    for name in names:
        shards[0 if size < total / 2 else 1].append(name)
        size += state[name].numel() * state[name].element_size()
    stem = "model" if extension == "safetensors" else "pytorch_model"
    weight_map = {}
    for i, shard in enumerate(shards):
        file = f"{stem}-{i + 1:05}-of-00002.{extension}"
        save({name: state[name] for name in shard}, os.path.join(folder, file))
        weight_map.update({name: file for name in shard})
    index = {"metadata": {"total_size": total}, "weight_map": weight_map}
    write_json(os.path.join(folder, f"{stem}.{extension}.index.json"), index)


def save_config(model, folder):
    os.makedirs(folder, exist_ok=True)
    model.config.to_json_file(os.path.join(folder, "config.json"))


def save_safetensors(state, path):
    save_file(state, path, metadata={"format": "pt"})


# -- altclip: every layout ---------------------------------------------------------------------------------------------

home = os.path.join(OUT, "altclip")
os.makedirs(home)
random.seed(3)
corpus = [" ".join(random.sample(SENTENCES, 3)) for _ in range(400)]
sentencepiece.SentencePieceTrainer.train(
    sentence_iterator=iter(corpus),
    model_prefix=os.path.join(home, "sentencepiece.bpe"),
    model_type="unigram",
    vocab_size=150,
    character_coverage=1.0,
    normalization_rule_name="nmt_nfkc",
    num_threads=1,
    minloglevel=2,
)
os.remove(os.path.join(home, "sentencepiece.bpe.vocab"))
pieces = sentencepiece.SentencePieceProcessor(model_file=os.path.join(home, "sentencepiece.bpe.model"))
# fairseq puts <s> <pad> </s> <unk> before SentencePiece's pieces and <mask> after them.
vocab_size = pieces.get_piece_size() + 2

altclip = model_of(
    dict(
        vocab_size=vocab_size,
        hidden_size=24,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=3,
        max_position_embeddings=34,
        project_dim=20,
    ),
    dict(
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        image_size=28,
        patch_size=7,
        hidden_act="quick_gelu",
    ),
    projection_dim=20,
)
save_config(altclip, home)
write_json(
    os.path.join(home, "preprocessor_config.json"),
    {
        "image_processor_type": "CLIPImageProcessor",
        "size": {"shortest_edge": 28},
        "crop_size": {"height": 28, "width": 28},
        "resample": 3,
    },
)
state, old = state_of(altclip), state_of(altclip, old=True)
save_safetensors(state, os.path.join(home, "model.safetensors"))
ids, mask = texts_of(altclip.config.text_config, [12, 3, 7])
expected = outputs_of(altclip, ids, mask, torch.randn(2, 3, 28, 28))
save_safetensors(expected, os.path.join(home, "expected.safetensors"))

# Gradients of the contrastive loss of three pairs, under published names.
pairs = torch.randn(3, 3, 28, 28)
loss = altclip(input_ids=ids, attention_mask=mask, pixel_values=pairs, return_loss=True).loss
loss.backward()
gradients = {
    name.replace("roberta.encoder.layers.", "roberta.encoder.layer."): parameter.grad
    for name, parameter in altclip.named_parameters()
}
gradients.update({"in.ids": ids, "in.pixels": pairs, "loss": loss.detach()})
save_safetensors(gradients, os.path.join(home, "gradients.safetensors"))


def layout(name):
    folder = os.path.join(OUT, "layouts", name)
    save_config(altclip, folder)
    return folder


save_sharded(layout("sharded-safetensors"), state, "safetensors", save_safetensors)
altclip.save_pretrained(layout("transformers5"), max_shard_size="60KB")
torch.save(old, os.path.join(layout("bin"), "pytorch_model.bin"))
save_sharded(layout("sharded-bin"), old, "bin", torch.save)

for dtype, name in [(torch.float16, "fp16"), (torch.bfloat16, "bf16")]:
    folder = layout(name)
    save_safetensors({key: tensor.to(dtype) for key, tensor in state.items()}, os.path.join(folder, "model.safetensors"))
    rounded = model_of(altclip.config.text_config.to_dict(), altclip.config.vision_config.to_dict(), 20)
    rounded.load_state_dict({key: tensor.to(dtype).float() for key, tensor in altclip.state_dict().items()})
    narrow = outputs_of(rounded, ids, mask, expected["in.pixels"])
    keep = {key: value for key, value in narrow.items() if ".hidden." not in key}
    save_safetensors(keep, os.path.join(folder, "expected.safetensors"))

flagai = layout("flagai")
os.makedirs(os.path.join(flagai, "120"))
optimizer = torch.optim.AdamW([torch.nn.Parameter(torch.zeros(2))])
torch.save(
    {"iteration_in_epoch": 0, "module": old, "optimizer": optimizer.state_dict(), "random_rng_state": random.getstate()},
    os.path.join(flagai, "120/pytorch_model.bin"),
)
with open(os.path.join(flagai, "latest_iteration.txt"), "w") as file:
    file.write("120\t-1")
# FlagAI's own configuration class: a CLIP config whose text tower is an XLM-R.
config = json.load(open(os.path.join(flagai, "config.json")))
config.update(model_type="clip", architectures=["CLIPHF"], text_config_dict=None, vision_config_dict=None, num_layers=3)
config["text_config"].update(model_type="xlm-roberta", pooler_fn="cls", learn_encoder=False)
config["vision_config"].update(model_type="clip_vision_model")
write_json(os.path.join(flagai, "config.json"), config)

wrapped = layout("wrapped")
torch.save(
    {"global_step": 7, "state_dict": {f"module.{name}": tensor for name, tensor in old.items()}},
    os.path.join(wrapped, "pytorch_model.bin"),
)

# -- end to end --------------------------------------------------------------------------------------------------------

texts = ["a photo of a cat", "一张狗的照片", "夜空", "", "фото  кота and a dog " * 9, "zürich ☃ qqq"]
limit = 32


def encode(text):
    ids = [piece + 1 if piece else 3 for piece in pieces.encode(text)]
    return [0, *ids[: limit - 2], 2]


rows = [encode(text) for text in texts]
longest = max(map(len, rows))
ids = torch.tensor([row + [1] * (longest - len(row)) for row in rows])
names = ["rgb.png", "photo.jpg", "grey16.png", "palette.gif", "wide.png"]
processor = CLIPImageProcessorPil(size={"shortest_edge": 28}, crop_size={"height": 28, "width": 28})
pixels = [torch.tensor(processor(load_image(os.path.join(PICTURES, name)))["pixel_values"][0]) for name in names]
both = outputs_of(altclip, ids, (ids != 1).long(), torch.stack(pixels))
labels = ["cat", "dog", "sky"]
templates = ["a photo of a {}", "a red {}"]
with torch.no_grad():
    rows = [encode(template.replace("{}", label)) for label in labels for template in templates]
    longest = max(map(len, rows))
    prompt = torch.tensor([row + [1] * (longest - len(row)) for row in rows])
    pooled = altclip.text_model(input_ids=prompt, attention_mask=(prompt != 1).long()).pooler_output
    embeds = torch.nn.functional.normalize(altclip.text_projection(pooled), dim=-1)
    embeds = torch.nn.functional.normalize(embeds.view(len(labels), len(templates), -1).mean(1), dim=-1)
    zero_shot = (both["vision.embeds"][0] @ embeds.T * altclip.logit_scale.exp()).softmax(-1)
write_json(
    os.path.join(home, "end_to_end.json"),
    {
        "texts": texts,
        "ids": [encode(text) for text in texts],
        "pictures": names,
        "textEmbeds": both["text.embeds"].tolist(),
        "textFeatures": both["text.features"].tolist(),
        "imageEmbeds": both["vision.embeds"].tolist(),
        "imageFeatures": both["vision.features"].tolist(),
        "labels": labels,
        "templates": templates,
        "zeroShot": zero_shot.tolist(),
    },
)

# -- other configurations ----------------------------------------------------------------------------------------------

m18 = model_of(
    dict(
        vocab_size=120,
        hidden_size=32,
        intermediate_size=128,
        num_hidden_layers=3,
        num_attention_heads=2,
        max_position_embeddings=40,
        project_dim=32,
    ),
    dict(
        hidden_size=40,
        intermediate_size=160,
        num_hidden_layers=4,
        num_attention_heads=2,
        image_size=56,
        patch_size=14,
        hidden_act="gelu",
    ),
    projection_dim=32,
)
folder = os.path.join(OUT, "altclip-m18")
save_config(m18, folder)
m18_state = state_of(m18)
# The file of the model hub has one more layer, which only image generation uses.
m18_state["text_model.transformation_pre.weight"] = torch.randn(32, 32)
m18_state["text_model.transformation_pre.bias"] = torch.randn(32)
save_safetensors(m18_state, os.path.join(folder, "model.safetensors"))
ids, mask = texts_of(m18.config.text_config, [5, 20, 2, 11])
save_safetensors(outputs_of(m18, ids, mask, torch.randn(3, 3, 56, 56)), os.path.join(folder, "expected.safetensors"))

odd = model_of(
    dict(
        vocab_size=75,
        hidden_size=20,
        intermediate_size=36,
        num_hidden_layers=5,
        num_attention_heads=5,
        max_position_embeddings=52,
        type_vocab_size=2,
        layer_norm_eps=1e-6,
        hidden_act="gelu_new",
        project_dim=28,
    ),
    dict(
        hidden_size=18,
        intermediate_size=30,
        num_hidden_layers=3,
        num_attention_heads=3,
        image_size=30,
        patch_size=7,
        layer_norm_eps=1e-6,
        hidden_act="quick_gelu",
    ),
    projection_dim=13,
)
folder = os.path.join(OUT, "odd")
save_config(odd, folder)
# With the names that transformers 5 has in memory.
save_safetensors({name: tensor.detach().clone() for name, tensor in odd.state_dict().items()}, os.path.join(folder, "model.safetensors"))
ids, mask = texts_of(odd.config.text_config, [50, 2, 17])
save_safetensors(outputs_of(odd, ids, mask, torch.randn(2, 3, 30, 30)), os.path.join(folder, "expected.safetensors"))
ids, mask = texts_of(odd.config.text_config, [9])
save_safetensors(
    outputs_of(odd, ids, mask, torch.randn(2, 3, 37, 58), interpolate=True),
    os.path.join(folder, "interpolated.safetensors"),
)
save_safetensors(
    outputs_of(odd, ids, mask, torch.randn(1, 3, 16, 16), interpolate=True),
    os.path.join(folder, "interpolated-smaller.safetensors"),
)
