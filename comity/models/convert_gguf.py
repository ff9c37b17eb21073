"""Converts a GGUF file to a model directory; run by path in the vLLM environment.

    python -I convert_gguf.py FILE DIRECTORY

vLLM no longer loads GGUF by itself. The weights are written as bfloat16, which is what they are
computed in on a CPU.
"""

import sys
from pathlib import Path

import torch  # type: ignore[import-not-found]
from transformers import (  # type: ignore[import-not-found]
    AutoModelForCausalLM,
    AutoTokenizer,
    GgufConfig,
)


def main(file: Path, directory: Path) -> None:
    """Write the model and its tokenizer into the directory."""
    source = {"pretrained_model_name_or_path": str(file.parent), "gguf_file": file.name}
    model = AutoModelForCausalLM.from_pretrained(
        **source,
        quantization_config=GgufConfig(gguf_file=file.name, dequantize=True),
        dtype=torch.bfloat16,
    )
    tokenizer = AutoTokenizer.from_pretrained(**source)
    model.save_pretrained(directory)
    tokenizer.save_pretrained(directory)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
