"""The VP9 parser against the study's prototype, block by block: every value that both read.

    python -m tests.compressedvideo.bitstream.checks.vp9_compare ../shared/prototypes/vp9 \
        --generated 300 encodes/*.ivf ../shared/data/wild/12_vp9_hidden_frames.webm

Both are compiled with gcc. ``--generated`` adds random streams, of the prototype's generator and as
many of ours. Prints what differs and ends with status 1, or says how many files were the same and
ended exactly.
"""

from __future__ import annotations

import argparse
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.compressedvideo.bitstream.against_decoder import read_packets
from tests.compressedvideo.bitstream.sanitized import VP9_SOURCES, build, generate_vp9


def compile_prototype(prototype: Path, folder: Path) -> tuple[Path, Path]:
    """Its driver that prints digests, and its generator."""
    digest, generator = folder / "prototype_hash", folder / "prototype_gen"
    sources = [prototype / "hash.c", prototype / "vp9p.c"]
    for binary, files in ((digest, sources), (generator, [prototype / "gen.c"])):
        command = ["gcc", "-O2", "-w", f"-I{prototype}", *map(str, files), "-o", str(binary)]
        subprocess.run(command, check=True)
    return digest, generator


def as_ivf(path: Path, folder: Path) -> Path:
    """The file itself, or its packets as an IVF file."""
    if path.suffix == ".ivf":
        return path
    packets = read_packets(path)[2]
    ivf = folder / f"{path.stem}.ivf"
    with ivf.open("wb") as file:
        file.write(struct.pack("<4sHH4s20x", b"DKIF", 0, 32, b"VP90"))
        for number, packet in enumerate(packets):
            file.write(struct.pack("<IQ", len(packet), number) + packet)
    return ivf


def digests(binary: Path, files: list[Path], *, exact: str) -> dict[str, tuple[str, bool]]:
    """Of each file the digest, and whether all partitions ended exactly."""
    command = [str(binary), *map(str, files)]
    output = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    lines = [line.split() for line in output.splitlines()]
    return {line[0]: (line[1], line[2] == exact) for line in lines if len(line) == 3}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("prototype", type=Path)
    parser.add_argument("files", type=Path, nargs="*")
    parser.add_argument("--generated", type=int, default=0)
    arguments = parser.parse_intermixed_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        theirs, generator = compile_prototype(arguments.prototype, folder)
        ours = build("vp9_digest", VP9_SOURCES, folder, sanitize=False)
        files = [as_ivf(path, folder) for path in arguments.files]
        for seed in range(1, arguments.generated + 1):
            path = folder / f"prototype_{seed}.ivf"
            command = [str(generator), str(seed), str(path)]
            # A stream that gets invalid ends early, with an error.
            subprocess.run(command, check=False, stderr=subprocess.DEVNULL)
            files.append(path)
        if arguments.generated:
            files += generate_vp9(folder, range(arguments.generated))
        expected, read = digests(theirs, files, exact="0"), digests(ours, files, exact="exact")
    same = [file for file in map(str, files) if read.get(file) == expected.get(file) is not None]
    for file in map(str, files):
        if file not in same:
            print(f"{file}: {read.get(file)}, prototype {expected.get(file)}")
    num_exact = sum(read[file][1] for file in same)
    print(f"{len(same)} of {len(files)} files are the same, {num_exact} end exactly")
    sys.exit(len(same) != len(files))


if __name__ == "__main__":
    main()
