"""Which processor this is, and how many cores are ours: what figures and times depend on besides the program."""

import os
import platform
from pathlib import Path

_FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "amx_int8")


def processor() -> str:
    """Return the processor's name, its cores that this process may use, and the instructions that models use."""
    name = _told().get("model name") or platform.processor() or "unknown"
    return f"{name}, {cores()} cores ({' '.join(instructions()) or 'no AVX2'})"


def instructions() -> tuple[str, ...]:
    """Return the instructions that change what a quantized model computes; () where the system does not tell."""
    known = _told().get("flags", "").split()
    return tuple(flag for flag in _FLAGS if flag in known)


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _told() -> dict[str, str]:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return {}
    return {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
