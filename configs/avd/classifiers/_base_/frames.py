# AVD's baselines: single frames (INPUT=rgb) or fields of flow (INPUT=flow), the mean over ten in
# testing. DEPTH in the environment is 50 (Table 1) or 101 (Tables 4 and 5).
_base_ = [
    '../../../baselines/_base_/single_pictures.py', 'sgd_40e.py',
    '../../../_base_/default_runtime.py'
]
depth = {{'$DEPTH:50'}}
model = dict(backbone=dict(depth=depth, pretrained=f'torchvision://resnet{depth}'))
test_pipeline = [
    dict(type='SampleCompressedFrames', num_segments=10, test_mode=True), _base_.load,
    dict(type='Resize', scale=(-1, 256)),
    dict(type='CenterCrop', crop_size=224), *_base_.pack
]
frames_dir = f'work_dirs/avd_frames/{_base_.modality}' + ('' if depth == 50 else f'_r{depth}')
