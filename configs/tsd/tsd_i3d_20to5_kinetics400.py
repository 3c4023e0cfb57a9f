# 20 frames become 5. Second stage, end to end, from the first one's last checkpoint.
_base_ = ['./_base_/i3d.py', './_base_/clips_of_20.py', './_base_/stage2.py']
model = dict(
    condenser=dict(
        num_frames=20, num_distilled=5, extractor=dict(backbone=dict(pretrained=False))),
    recognizer=dict(backbone=dict(pretrained=None), cls_head=dict(pretrained=None)))
load_from = 'work_dirs/tsd_i3d_20to5_stage1_kinetics400/iter_50000.pth'
