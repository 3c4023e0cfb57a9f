"""What is installed, which codecs can be read, what is missing and the command that mends it."""

from __future__ import annotations

import argparse
import importlib.util
import platform
import shutil
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata

_LITE = "pip install 'mmcondense[lite]' (in a clone: pip install -e '.[lite]')"
_DRAW = "pip install 'mmcondense[draw]' (in a clone: pip install -e '.[draw]')"
_DEPLOY = "pip install 'mmcondense[deploy]' (in a clone: pip install -e '.[deploy]')"


@dataclass(frozen=True)
class Package:
    """A distribution that something here needs."""

    name: str
    use: str
    mend: str
    at_least: tuple[int, ...] = ()
    below: tuple[int, ...] = ()
    alternative: str = ""
    """Another distribution that gives the same."""


PACKAGES = (
    Package("av", "reading video", "pip install 'av>=17.1'", at_least=(17, 1)),
    Package("numpy", "reading video", "pip install 'numpy>=1.26'", at_least=(1, 26)),
    Package("pillow", "mmcondense motion --out-dir", _DRAW),
    Package("torch", "models", _LITE, at_least=(2, 1)),
    Package("torchvision", "models", _LITE),
    Package("mmengine", "models", _LITE, at_least=(0, 10, 7), below=(0, 11)),
    Package("mmcv-lite", "models", _LITE, at_least=(2, 0, 0), below=(2, 2), alternative="mmcv"),
    Package("mmaction2", "models", _LITE, at_least=(1, 2), below=(1, 3)),
    Package("mmpretrain", "ATTP", _LITE, at_least=(1, 2), below=(1, 3)),
    Package("timm", "TSD", _LITE, at_least=(1, 0, 8)),
    Package("opencv-contrib-python", "models", _LITE),
    Package(
        "setuptools", "MMEngine", "pip install 'setuptools>=77.0.3,<82'", (77, 0, 3), below=(82,)
    ),
    Package("onnx", "mmcondense export", _DEPLOY),
    Package("onnxruntime", "exported models", _DEPLOY),
    Package("openvino", "mmcondense export --format openvino", _DEPLOY),
    Package("nncf", "the same with --int8", _DEPLOY),
)
READER = ("av", "numpy")
"""Without which nothing works."""

_ALIASES = ("flv1", "h263p", "msmpeg4v3")
"""Further names of codecs, which only some builds of FFmpeg use."""

EXTENSIONS = {
    "compressedvideo.bitstream._parsers": "vectors and picture types from the bitstream",
    "compressedvideo.motion._kernels": "motion and residuals, several times faster",
    "compressedvideo.decoding._colours": "colours, faster",
}


def parse_args(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="mmcondense doctor", description=__doc__)
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """0 if video can be read here, 1 if not. Nothing heavy is imported: versions are looked up."""
    parse_args(arguments)
    mends: list[str] = []
    print(f"Python {platform.python_version()}, {platform.platform()}")
    print(f"mmcondense {version_of('mmcondense') or 'is not installed, this is a clone'}")
    print("\nPackages")
    for package in PACKAGES:
        state, mend = judge(package)
        print(f"  {package.name:22} {state}")
        mends += [mend] if mend else []
    compiler = shutil.which((sysconfig.get_config_var("CC") or "cc").split()[0])
    print(f"\nC compiler               {compiler or 'none'}")
    if all(version_of(name) for name in READER):
        print("\nCompiled parts")
        mends += list(_print_extensions(bool(compiler)))
        print("\nCodecs")
        _print_codecs()
    mends += double_packages()
    print("\nTo mend or to add" if mends else "\nNothing is missing.")
    for mend in dict.fromkeys(mends):
        print(f"  {mend}")
    return 0 if all(version_of(name) for name in READER) else 1


def version_of(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def judge(package: Package) -> tuple[str, str]:
    """What there is to say of a package, and the command that mends it, empty if all is well."""
    name, version = package.name, version_of(package.name)
    if version is None and package.alternative:
        name, version = package.alternative, version_of(package.alternative)
    if version is None:
        return f"missing: {package.use}", package.mend
    said = version if name == package.name else f"{version} of {name}"
    numbers = leading_numbers(version)
    if numbers < package.at_least or (package.below and numbers >= package.below):
        allowed = " and ".join(
            f"{what} {'.'.join(map(str, bound))}"
            for what, bound in (("from", package.at_least), ("below", package.below))
            if bound
        )
        return f"{said}, and {allowed} is needed: {package.use}", package.mend
    return said, ""


def leading_numbers(version: str) -> tuple[int, ...]:
    """``(2, 15, 0)`` of ``2.15.0+cpu``, ``(0, 11)`` of ``0.11.0rc3`` and of ``0.11``."""
    numbers = []
    for part in version.split("+")[0].split("."):
        if not part.isdigit():
            break
        numbers.append(int(part))
    return tuple(numbers)


def double_packages() -> Iterator[str]:
    """Distributions that overwrite each other, and what to do."""
    if version_of("mmcv") and version_of("mmcv-lite"):
        yield (
            "mmcv and mmcv-lite overwrite each other: pip uninstall -y mmcv mmcv-lite, and then "
            "install one of them"
        )
    if version_of("opencv-python") and version_of("opencv-contrib-python"):
        yield (
            "opencv-python and opencv-contrib-python share one folder; if TV-L1 flow is missing: "
            "pip install --force-reinstall --no-deps opencv-contrib-python"
        )


def _print_extensions(has_compiler: bool) -> Iterator[str]:
    from compressedvideo.bitstream.parsers import BUILD_ADVICE

    missing = False
    for name, use in EXTENSIONS.items():
        there = is_built(name)
        missing |= not there
        print(f"  {name.rpartition('.')[-1]:22} {'built' if there else f'missing: {use}'}")
    if missing:
        yield BUILD_ADVICE if has_compiler else f"install a C compiler, then {BUILD_ADVICE}"


def is_built(extension: str) -> bool:
    spec = importlib.util.find_spec(extension)
    return spec is not None and spec.origin is not None and not spec.origin.endswith(".pyi")


def codec_lines() -> Iterator[tuple[str, str]]:
    """Each codec that vectors are read from, with how; what PyAV's build lacks is said."""
    from av.codec import codecs_available

    from compressedvideo.motion.source import EXPORTING_CODECS, PARSED_CODECS

    parses = is_built("compressedvideo.bitstream._parsers")
    for codec in dict.fromkeys([*PARSED_CODECS, *EXPORTING_CODECS]):
        if codec in _ALIASES:
            continue
        if codec not in codecs_available:
            yield codec, "not in this build of PyAV"
        elif codec in PARSED_CODECS and parses:
            yield codec, "vectors from the bitstream, nothing is decoded"
        elif codec in EXPORTING_CODECS:
            yield codec, "vectors by FFmpeg, while it decodes"
        else:
            yield codec, "no vectors: the compiled parsers are missing"


def _print_codecs() -> None:
    from av.codec import codecs_available

    by_state: dict[str, list[str]] = {}
    for codec, state in codec_lines():
        by_state.setdefault(state, []).append(codec)
    # FFmpeg's own decoder named av1 needs hardware for it
    decoders = dict(vp8={"vp8", "libvpx"}, av1={"libdav1d", "libaom-av1"})
    others = [codec for codec, names in decoders.items() if names & {*codecs_available}]
    by_state.setdefault("pictures, no vectors (others likewise)", []).extend(others)
    for state, codecs in by_state.items():
        print(f"  {state}: {', '.join(codecs)}")


if __name__ == "__main__":
    sys.exit(main())
