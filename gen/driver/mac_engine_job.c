/* Jobs of a Macaw engine: which are legal, the sizes of their packets, and packing what goes into these.
 *
 * No register is used: all this can be done beforehand, or elsewhere.
 */

#include "mac_engine.h"

static uint32_t ceil_div(uint32_t dividend, uint32_t divisor)
{
    return (dividend / divisor) + (((dividend % divisor) != 0u) ? 1u : 0u);
}

/* `bytes`, or 0 if it is more than a size_t holds. */
static size_t as_size(uint64_t bytes)
{
    size_t size = (size_t)bytes;

    return ((uint64_t)size == bytes) ? size : 0u;
}

/* Place of W[k][n] in its matrix. */
static size_t place(uint32_t row, uint32_t column, uint32_t n, uint32_t k, mac_engine_order order)
{
    return (order == MAC_ENGINE_ORDER_KN) ? (((size_t)row * n) + column) : (((size_t)column * k) + row);
}

/* Bytes of a beat of weights: cols * depth, in whole words of the stream. */
static uint32_t beat_size(const mac_engine *engine)
{
    return ceil_div(engine->cols * engine->depth, engine->weight_bytes) * engine->weight_bytes;
}

/* Legal jobs ------------------------------------------------------------------------------------------------------ */

static bool is_activation(const mac_engine *engine, const mac_engine_job *job)
{
    int32_t span = (int32_t)(1u << engine->act_width);
    int32_t low = job->a_unsigned ? 0 : -(span / 2);

    return (job->a_zero_point >= low) && (job->a_zero_point < (low + span));
}

static bool is_output_range(const mac_engine_job *job)
{
    int32_t lowest = job->low;
    int32_t highest = job->high;

    if (lowest > highest) {
        return false;
    }
    lowest = (job->zero_point < lowest) ? job->zero_point : lowest;
    highest = (job->zero_point > highest) ? job->zero_point : highest;
    return ((lowest >= -128) && (highest <= 127)) || ((lowest >= 0) && (highest <= 255));
}

static bool is_format(const mac_engine *engine, const mac_engine_job *job)
{
    bool output = job->raw ? engine->raw_output : (engine->modes != 0u);

    return output && (engine->subtract || !(job->a_unsigned || job->w_unsigned));
}

mac_engine_result mac_engine_check(const mac_engine *engine, const mac_engine_job *job)
{
    uint32_t n_max = job->raw ? engine->raw_n_max : engine->n_max;
    bool zero_point = engine->subtract ? is_activation(engine, job) : (job->a_zero_point == 0);

    if ((job->m == 0u) || (job->m > MAC_ENGINE_M_MAX)) {
        return MAC_ENGINE_BAD_M;
    }
    /* Without raw output raw_n_max is 0, but it is the format that is wrong. */
    if (!is_format(engine, job)) {
        return MAC_ENGINE_BAD_FORMAT;
    }
    if ((job->n == 0u) || (job->n > n_max)) {
        return MAC_ENGINE_BAD_N;
    }
    if ((job->k == 0u) || (job->k > engine->k_max)) {
        return MAC_ENGINE_BAD_K;
    }
    if (((uint64_t)ceil_div(job->n, engine->cols) * ceil_div(job->k, engine->depth)) > engine->weight_beats) {
        return MAC_ENGINE_BAD_WEIGHTS_SIZE;
    }
    if (!job->raw && ((job->mode > 31u) || (((engine->modes >> job->mode) & 1u) == 0u))) {
        return MAC_ENGINE_BAD_MODE;
    }
    if (!zero_point) {
        return MAC_ENGINE_BAD_A_ZERO_POINT;
    }
    if (!job->raw && !is_output_range(job)) {
        return MAC_ENGINE_BAD_OUTPUT_RANGE;
    }
    return MAC_ENGINE_OK;
}

/* Sizes ----------------------------------------------------------------------------------------------------------- */

size_t mac_engine_activations_size(const mac_engine_job *job)
{
    return as_size((uint64_t)job->m * job->k);
}

size_t mac_engine_weights_size(const mac_engine *engine, uint32_t n, uint32_t k)
{
    uint64_t beats = (uint64_t)ceil_div(n, engine->cols) * ceil_div(k, engine->depth);

    /* Nothing larger fits the engine, and the product below stays in 64 bits. */
    return (beats > engine->weight_beats) ? 0u : as_size(beats * beat_size(engine));
}

size_t mac_engine_channels_size(const mac_engine *engine, uint32_t n)
{
    return as_size((uint64_t)n * engine->channel_bytes);
}

size_t mac_engine_outputs_size(const mac_engine_job *job)
{
    /* Less than 2^24 rows: the product stays in 64 bits. */
    return as_size((uint64_t)job->m * job->n * (job->raw ? 4u : 1u));
}

/* Packing --------------------------------------------------------------------------------------------------------- */

mac_engine_result mac_engine_pack_weights(const mac_engine *engine, uint32_t n, uint32_t k, const void *weights,
                                          mac_engine_order order, void *packed, size_t size)
{
    const uint8_t *source = (const uint8_t *)weights;
    uint8_t *target = (uint8_t *)packed;
    size_t needed = mac_engine_weights_size(engine, n, k);
    uint32_t tiles = ceil_div(n, engine->cols);
    uint32_t beats = ceil_div(k, engine->depth);
    uint32_t beat_bytes = beat_size(engine);
    uint32_t tile;
    uint32_t beat;
    uint32_t byte;

    if ((needed == 0u) || (needed > size)) {
        return MAC_ENGINE_BAD_ARGUMENT;
    }
    for (tile = 0u; tile < tiles; tile++) {
        for (beat = 0u; beat < beats; beat++) {
            for (byte = 0u; byte < beat_bytes; byte++) {
                uint32_t in_tile = byte / engine->depth;
                uint32_t column = (tile * engine->cols) + in_tile;
                uint32_t row = (beat * engine->depth) + (byte % engine->depth);
                bool inside = (in_tile < engine->cols) && (column < n) && (row < k);

                *target = inside ? source[place(row, column, n, k, order)] : (uint8_t)0u;
                target++;
            }
        }
    }
    return MAC_ENGINE_OK;
}

/* Four bytes, the lowest one first. */
static void put_word(uint8_t *target, uint32_t value)
{
    uint32_t byte;

    for (byte = 0u; byte < 4u; byte++) {
        target[byte] = (uint8_t)((value >> (8u * byte)) & 0xFFu);
    }
}

mac_engine_result mac_engine_pack_channels(const mac_engine *engine, uint32_t n, const mac_engine_channel *channels,
                                           void *packed, size_t size)
{
    uint8_t *target = (uint8_t *)packed;
    size_t needed = mac_engine_channels_size(engine, n);
    uint32_t channel;
    uint32_t byte;

    if ((needed == 0u) || (needed > size)) {
        return MAC_ENGINE_BAD_ARGUMENT;
    }
    for (channel = 0u; channel < n; channel++) {
        put_word(&target[0], channels[channel].bias);
        put_word(&target[4], channels[channel].multiplier);
        for (byte = 8u; byte < engine->channel_bytes; byte++) {
            target[byte] = 0u;
        }
        if (engine->channel_bytes > 9u) {
            target[8] = channels[channel].shift;
            target[9] = channels[channel].weight_zero_point;
        }
        target += engine->channel_bytes;
    }
    return MAC_ENGINE_OK;
}

uint32_t mac_engine_float_bits(float value)
{
    union {
        float value;
        uint32_t bits;
    } both;

    both.value = value;
    return both.bits;
}

uint32_t mac_engine_fold_bias(uint32_t bias, int32_t a_zero_point, uint32_t n, uint32_t k, uint32_t channel,
                              const int8_t *weights, mac_engine_order order)
{
    uint32_t sum = 0u;
    uint32_t row;

    for (row = 0u; row < k; row++) {
        int32_t weight = weights[place(row, channel, n, k, order)];

        sum += (uint32_t)weight;
    }
    return bias - ((uint32_t)a_zero_point * sum);
}
