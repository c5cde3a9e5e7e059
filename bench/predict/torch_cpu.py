"""PyTorch in inference mode."""

from functools import partial

import numpy as np

from bench.candidate import Missing
from bench.predict.mlp import Mlp

NAME = "torch"


def predictor(mlp: Mlp, threads: int, folder, stack):
    """float32, and int8 by dynamic quantization."""
    try:
        import torch
    except ImportError:
        raise Missing(
            f"{NAME}: pip install torch --index-url https://download.pytorch.org/whl/cpu"
        ) from None
    torch.set_num_threads(threads)
    model = _model(torch, mlp)
    models = {"float32": model}
    quantization = torch.ao.quantization
    if "x86" in torch.backends.quantized.supported_engines:
        torch.backends.quantized.engine = "x86"
        models["int8 dynamic"] = quantization.quantize_dynamic(model, {torch.nn.Linear})

    def call(model, rows):
        with torch.inference_mode():
            return model(torch.from_numpy(rows)).numpy()

    return lambda rows: [
        mlp.candidate(f"{NAME} {name}", partial(call, model, rows), rows)
        for name, model in models.items()
    ]


def _model(torch, mlp: Mlp):
    modules = []
    for kernel, bias in mlp.layers:
        linear = torch.nn.Linear(*kernel.shape)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(np.ascontiguousarray(kernel.T)))
            linear.bias.copy_(torch.from_numpy(bias))
        modules += [linear, torch.nn.ReLU()]
    modules[-1] = torch.nn.Softmax(dim=1)
    return torch.nn.Sequential(*modules).eval()
