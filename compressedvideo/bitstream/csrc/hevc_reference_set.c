/* Short-term reference picture sets: clause 7.3.7, with the derivation in 7.4.8. */
#include "hevc_parameters.h"

static bool add(hevc_reference_set *set, int side, int32_t delta, bool used)
{
    int at = set->count[side];
    if (set->count[0] + set->count[1] >= HEVC_MAX_SHORT_TERM)
        return false;
    set->delta[side][at] = delta;
    set->used[side][at] = used;
    set->count[side]++;
    return true;
}

/* One side of a set that is predicted from another, equations (7-61) and (7-62): the other's
 * pictures, moved by `shift`, the nearest to the current one first. */
static bool predict_side(hevc_reference_set *set, int side, const hevc_reference_set *from,
                         int32_t shift, const bool *used_by_curr, const bool *use_delta)
{
    int near = side, far = 1 - side, num_all = from->count[0] + from->count[1];
    int offset[2] = {0, from->count[0]}; /* of a side's flags */
    int32_t sign = side == 0 ? -1 : 1;
    for (int i = from->count[far] - 1; i >= 0; i--) {
        int32_t delta = from->delta[far][i] + shift;
        int flag = offset[far] + i;
        if (sign * delta > 0 && use_delta[flag] && !add(set, side, delta, used_by_curr[flag]))
            return false;
    }
    if (sign * shift > 0 && use_delta[num_all] && !add(set, side, shift, used_by_curr[num_all]))
        return false;
    for (int i = 0; i < from->count[near]; i++) {
        int32_t delta = from->delta[near][i] + shift;
        int flag = offset[near] + i;
        if (sign * delta > 0 && use_delta[flag] && !add(set, side, delta, used_by_curr[flag]))
            return false;
    }
    return true;
}

static bool predict_set(rbsp_reader *bits, hevc_reference_set *set, int index, int count,
                        const hevc_reference_set *sets)
{
    uint32_t delta_idx_minus1 = index == count ? rbsp_ue(bits) : 0;
    if (delta_idx_minus1 >= (uint32_t)index)
        return false;
    const hevc_reference_set *from = sets + index - 1 - delta_idx_minus1;
    bool negative = rbsp_flag(bits);                /* delta_rps_sign */
    uint32_t abs_delta_rps_minus1 = rbsp_ue(bits);
    if (abs_delta_rps_minus1 > 32767)
        return false;
    int32_t shift = (int32_t)abs_delta_rps_minus1 + 1;
    shift = negative ? -shift : shift;
    bool used_by_curr[HEVC_MAX_SHORT_TERM + 1], use_delta[HEVC_MAX_SHORT_TERM + 1];
    for (int i = 0; i <= from->count[0] + from->count[1]; i++) {
        used_by_curr[i] = rbsp_flag(bits);
        use_delta[i] = used_by_curr[i] || rbsp_flag(bits);
    }
    return predict_side(set, 0, from, shift, used_by_curr, use_delta) &&
           predict_side(set, 1, from, shift, used_by_curr, use_delta);
}

bool hevc_read_reference_set(rbsp_reader *bits, hevc_reference_set *set, int index, int count,
                             const hevc_reference_set *sets)
{
    *set = (hevc_reference_set){{0, 0}, {{0}}, {{false}}};
    if (index > 0 && rbsp_flag(bits)) /* inter_ref_pic_set_prediction_flag */
        return predict_set(bits, set, index, count, sets);
    uint32_t num[2] = {rbsp_ue(bits), 0}; /* num_negative_pics, num_positive_pics */
    num[1] = rbsp_ue(bits);
    if (num[0] > HEVC_MAX_SHORT_TERM || num[1] > HEVC_MAX_SHORT_TERM - num[0])
        return false;
    for (int side = 0; side < 2; side++) {
        int32_t delta = 0;
        for (uint32_t i = 0; i < num[side]; i++) {
            uint32_t delta_poc_minus1 = rbsp_ue(bits);
            if (delta_poc_minus1 > 32767)
                return false;
            delta += side == 0 ? -(int32_t)delta_poc_minus1 - 1 : (int32_t)delta_poc_minus1 + 1;
            add(set, side, delta, rbsp_flag(bits)); /* used_by_curr_pic_flag */
        }
    }
    return true;
}
