# The same, learned from clips as several encoders wrote them, made by
# tools/benchmarks/encodings_table.py. STROKES_ENCODED: the folder of its encodings.
_base_ = 'p_stream_cells_per_frame.py'
encoded = '{{$STROKES_ENCODED:encoded}}'
mixed = dict(
    type='MixedEncodings',
    folders=[f'{encoded}/{name}' for name in ('mpeg4_q8', 'mpeg4_gop250', 'h264_crf23')])
train_dataloader = dict(
    dataset=dict(pipeline=[
            mixed, _base_.sample_train, _base_.load_per_frame, _base_.crop, *_base_.pack_vectors
        ]))
