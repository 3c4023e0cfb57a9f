# Any cell of Tables 2 and 3, by the environment: see _base_/any_lengths.py. TSD has two stages, of which
# TSD_STAGE=1 is the first: TSD learns before a fixed I3D.
_base_ = ['./_base_/any_lengths.py', './_base_/stage{{$TSD_STAGE:2}}.py']
stage = {{'$TSD_STAGE:2'}}
stages = {1: f'work_dirs/{_base_.name}_stage1_kinetics400', 2: f'work_dirs/{_base_.name}_kinetics400'}
has_first_stage = _base_.method == 'tsd' and stage == 2
load_from = f'{stages[1]}/final.pth' if has_first_stage else None
weights_made_by = (
    f'TSD_STAGE=1 TSD_T={_base_.num_frames} TSD_TS={_base_.num_kept} '
    'python tools/train.py configs/tsd/i3d_table2_kinetics400.py')
model = dict(_base_.no_weights if has_first_stage else {}, freeze_recognizer=stage == 1)
work_dir = stages[stage]
