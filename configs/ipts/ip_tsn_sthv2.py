# IP-TSN on Something-Something V2's own VP9 files, without optical flow in training. Where key frames
# are rarer than every 12 frames, other pictures stand in for them; VP9 predicts from pictures several
# frames away, and from some to come, so that vectors are in pixels per frame.
_base_ = [
    '../_base_/models/ip_tsn_r152_r18.py', '../_base_/datasets/sthv2.py',
    '../_base_/pipelines/ip_tsn_224.py', '../_base_/schedules/adam_50e_ip_tsn.py',
    '../_base_/default_runtime.py'
]
model = dict(
    i_stream=dict(cls_head=dict(num_classes=174)), p_stream=dict(cls_head=dict(num_classes=174)))
pipelines = [_base_.train_pipeline, _base_.test_pipeline]
for pipeline in pipelines:
    pipeline[0].update(virtual_gop=12)  # SampleCompressedFrames
    pipeline[1].update(per_frame=True)  # LoadCompressedVideo
pipelines[0][5].update(flip_label_map=_base_.flip_label_map)  # Flip
train_dataloader = dict(dataset=dict(pipeline=pipelines[0]))
val_dataloader = dict(dataset=dict(pipeline=pipelines[1]))
test_dataloader = dict(batch_size=_base_.test_batch_size, dataset=dict(pipeline=pipelines[1]))
