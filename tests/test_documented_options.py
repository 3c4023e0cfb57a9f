"""Every ``--cfg-options`` that a page documents trains a step and is validated.

Blocks that CI runs as they are printed are left to it.
"""

from __future__ import annotations

import re

import pytest
from mmengine.config import Config, DictAction

from tests.test_configs import CONFIGS, train_and_validate
from tests.test_configs import tiny_videos as tiny_videos  # a fixture

ROOT = CONFIGS.parent
PAGES = [ROOT / "README.md", *ROOT.glob("docs/*.md"), *ROOT.glob("configs/**/*.md")]
PAGES.remove(ROOT / "docs" / "reproduce.md")  # tests/tools/test_reproduce.py
IN_CI = re.compile(r"(?<!-->\n)^```(?:bash|python)\n.*?^```$", re.DOTALL | re.MULTILINE)
OPTION = re.compile(
    r"(?<![\w.{])((?:model|(?:train|val|test)_(?:dataloader|cfg)|param_scheduler|optim_wrapper|"
    r"default_hooks)\.[\w.]+=[^\s`,;)]+)"
)
TERMS = "model.condenser.loss_weights"
TEACHER = "model.p_stream.teacher"
SOFT_LABELS = (
    "model.p_stream.soft_label_loss.type=SoftLabelLoss",
    "model.p_stream.soft_label_loss.loss_weight=25",
)
CASES = [
    ("ifs/ifs_kinetics400.py", [f"{TERMS}.cat=0"]),
    ("ifs/ifs_kinetics400.py", [f"{TERMS}.cat=0", f"{TERMS}.mot=0"]),
    ("ifs/ifs_kinetics400.py", [f"{TERMS}.{term}=0" for term in ("cat", "mot", "adv", "color")]),
    ("ifs/ifs_kinetics400.py", [f"{TERMS}.app=0", f"{TERMS}.cat=0"]),
    ("ifs/ifs_kinetics400.py", [f"{TERMS}.app=0", f"{TERMS}.mot=0"]),
    *(
        (
            "avd/avd_synthetic.py",
            [
                *("train_cfg.max_epochs=12", "param_scheduler.0.T_max=12"),
                f"model.condenser.reconstruction_weight={weight}",
            ],
        )
        for weight in (0.9, 0.99, 0.999, 1)
    ),
    ("tsd/tsd_i3d_80to20_kinetics400.py", ["test_dataloader.dataset.pipeline.1.num_clips=10"]),
    ("ipts/ip_tsn_hmdb51.py", [f"{TEACHER}.checkpoint=PATH"]),
    ("ipts/ip_tsn_hmdb51.py", ["model.p_stream.feature_loss.loss_weight=25", *SOFT_LABELS]),
    ("ipts/ip_tsn_hmdb51.py", ["model.p_stream.feature_loss=None", *SOFT_LABELS]),
    *(
        (
            "ipts/ip_tsn_hmdb51.py",
            [
                f"model.p_stream.backbone.inflate_from={stage}",
                f"{TEACHER}.recognizer.backbone.inflate_from={stage}",
            ],
        )
        for stage in (0, 2, 4)
    ),
    ("ifs/classifiers/tsn_r101_kinetics400.py", ["default_hooks.checkpoint_fit.loosely=True"]),
    (
        "ifs/classifiers/tsn_r101_kinetics400.py",
        [f"{split}_dataloader.dataset.pipeline.1.io_backend=fsspec" for split in ("train", "val")],
    ),
    ("ipts/stages/mr_2d3d_hmdb51.py", ["model.backbone.inflate_from=0"]),
    ("ipts/stages/distill_2d_hmdb51.py", ["model.cls_head.average_clips=score"]),
    (
        "ipts/ablation/i_stream_r18_hmdb51.py",
        ["test_dataloader.dataset.pipeline.0.num_segments=8"],
    ),
    (
        "ipts/ablation/i_stream_r18_hmdb51.py",
        [
            *("model.backbone.depth=152", "model.backbone.pretrained=torchvision://resnet152"),
            "model.cls_head.in_channels=2048",
        ],
    ),
]


@pytest.mark.parametrize(
    ("name", "options"), CASES, ids=lambda x: " ".join(x) if x is list else None
)
def test_documented_options_train_and_validate(name, options, tiny_videos, tmp_path):
    cfg = Config.fromfile(CONFIGS / name)
    parsed = dict(option.split("=", 1) for option in options)
    cfg.merge_from_dict({key: DictAction._parse_iterable(text) for key, text in parsed.items()})
    metrics = train_and_validate(cfg, tiny_videos, tmp_path)
    has_classifier = not any("loss_weights.cat=0" in option for option in options)
    if "ifs_" in name:
        assert any("top1" in key for key in metrics) == has_classifier


def test_every_documented_option_is_here():
    found: dict[str, str] = {}
    for page in PAGES:
        text = IN_CI.sub("", page.read_text(encoding="utf-8"))
        found.update(dict.fromkeys(OPTION.findall(text), str(page.relative_to(ROOT))))
    tested = {option for _, options in CASES for option in options}
    found = {option: page for option, page in found.items() if "=s3://" not in option}  # no bucket
    assert len(found) > 10
    assert {option: page for option, page in found.items() if option not in tested} == {}
