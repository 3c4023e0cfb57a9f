# 40 frames become 10. First stage: TSD learns before a fixed I3D.
_base_ = ['./_base_/i3d.py', './_base_/clips_of_40.py', './_base_/stage1.py']
model = dict(condenser=dict(num_frames=40, num_distilled=10), freeze_recognizer=True)
