/* Bare-metal driver of a Macaw engine; mac_engine.h says what each function does. */

#include "mac_engine.h"

#ifndef MAC_ENGINE_READ32
#define MAC_ENGINE_READ32(address) (*(const volatile uint32_t *)(address))
#endif
#ifndef MAC_ENGINE_WRITE32
#define MAC_ENGINE_WRITE32(address, value) (*(volatile uint32_t *)(address) = (value))
#endif

/* Reads of EVENT after START: longer than the few cycles that the engine takes to judge a job. */
#ifndef MAC_ENGINE_START_READS
#define MAC_ENGINE_START_READS 4u
#endif

#define VERSION_MATCH_MASK (MAC_ENGINE_VERSION_MAJOR_MASK | MAC_ENGINE_VERSION_MINOR_MASK)

#define SETTING_ERRORS \
    (MAC_ENGINE_ERROR_M_RANGE_MASK | MAC_ENGINE_ERROR_N_RANGE_MASK | MAC_ENGINE_ERROR_K_RANGE_MASK | \
     MAC_ENGINE_ERROR_WEIGHTS_SIZE_MASK | MAC_ENGINE_ERROR_MODE_RANGE_MASK | MAC_ENGINE_ERROR_FORMAT_RANGE_MASK | \
     MAC_ENGINE_ERROR_A_ZERO_POINT_RANGE_MASK | MAC_ENGINE_ERROR_OUTPUT_RANGE_MASK | \
     MAC_ENGINE_ERROR_QUEUE_FULL_MASK)

#define STREAM_ERRORS \
    (MAC_ENGINE_ERROR_ACTIVATIONS_EARLY_MASK | MAC_ENGINE_ERROR_ACTIVATIONS_LATE_MASK | \
     MAC_ENGINE_ERROR_ACTIVATIONS_KEEP_MASK | MAC_ENGINE_ERROR_WEIGHTS_EARLY_MASK | \
     MAC_ENGINE_ERROR_WEIGHTS_LATE_MASK | MAC_ENGINE_ERROR_WEIGHTS_KEEP_MASK | \
     MAC_ENGINE_ERROR_CHANNELS_EARLY_MASK | MAC_ENGINE_ERROR_CHANNELS_LATE_MASK | \
     MAC_ENGINE_ERROR_CHANNELS_KEEP_MASK)

#define FIELD(value, name) (((value) & name##_MASK) >> name##_SHIFT)

static uint32_t read_register(const mac_engine *engine, uint32_t offset)
{
    return MAC_ENGINE_READ32(engine->base + offset);
}

static void write_register(const mac_engine *engine, uint32_t offset, uint32_t value)
{
    MAC_ENGINE_WRITE32(engine->base + offset, value);
}

/* Identification and commands ------------------------------------------------------------------------------------- */

mac_engine_result mac_engine_probe(mac_engine *engine, uintptr_t base)
{
    uint32_t version;
    uint32_t shape;
    uint32_t streams;
    uint32_t options;
    uint32_t widths;

    engine->base = base;
    if (read_register(engine, MAC_ENGINE_ID_OFFSET) != MAC_ENGINE_ID_VALUE) {
        return MAC_ENGINE_NOT_FOUND;
    }
    version = read_register(engine, MAC_ENGINE_VERSION_OFFSET);
    if ((version & VERSION_MATCH_MASK) != (MAC_ENGINE_VERSION_VALUE & VERSION_MATCH_MASK)) {
        return MAC_ENGINE_WRONG_VERSION;
    }
    shape = read_register(engine, MAC_ENGINE_SHAPE_OFFSET);
    engine->rows = FIELD(shape, MAC_ENGINE_SHAPE_ROWS);
    engine->cols = FIELD(shape, MAC_ENGINE_SHAPE_COLS);
    engine->depth = FIELD(shape, MAC_ENGINE_SHAPE_DEPTH);
    engine->channel_bytes = FIELD(shape, MAC_ENGINE_SHAPE_CHANNEL_BYTES);
    streams = read_register(engine, MAC_ENGINE_STREAMS_OFFSET);
    engine->act_bytes = FIELD(streams, MAC_ENGINE_STREAMS_ACT_BYTES);
    engine->weight_bytes = FIELD(streams, MAC_ENGINE_STREAMS_WEIGHT_BYTES);
    engine->out_bytes = FIELD(streams, MAC_ENGINE_STREAMS_OUT_BYTES);
    options = read_register(engine, MAC_ENGINE_OPTIONS_OFFSET);
    engine->modes = FIELD(options, MAC_ENGINE_OPTIONS_MODES);
    engine->raw_output = FIELD(options, MAC_ENGINE_OPTIONS_RAW_OUTPUT) != 0u;
    engine->subtract = FIELD(options, MAC_ENGINE_OPTIONS_SUBTRACT) != 0u;
    widths = read_register(engine, MAC_ENGINE_WIDTHS_OFFSET);
    engine->act_width = FIELD(widths, MAC_ENGINE_WIDTHS_ACT_WIDTH);
    engine->weight_width = FIELD(widths, MAC_ENGINE_WIDTHS_WEIGHT_WIDTH);
    engine->acc_width = FIELD(widths, MAC_ENGINE_WIDTHS_ACC_WIDTH);
    engine->k_max = read_register(engine, MAC_ENGINE_K_MAX_OFFSET);
    engine->n_max = read_register(engine, MAC_ENGINE_N_MAX_OFFSET);
    engine->raw_n_max = read_register(engine, MAC_ENGINE_RAW_N_MAX_OFFSET);
    engine->weight_beats = read_register(engine, MAC_ENGINE_WEIGHT_BEATS_OFFSET);
    return MAC_ENGINE_OK;
}

void mac_engine_reset(const mac_engine *engine)
{
    write_register(engine, MAC_ENGINE_CONTROL_OFFSET, MAC_ENGINE_CONTROL_RESET_MASK);
    /* The command has been carried out before this read is answered. */
    (void)read_register(engine, MAC_ENGINE_STATUS_OFFSET);
}

/* Jobs ------------------------------------------------------------------------------------------------------------ */

mac_engine_result mac_engine_start(const mac_engine *engine, const mac_engine_job *job)
{
    mac_engine_result result = mac_engine_check(engine, job);
    uint32_t format = 0u;
    uint32_t reads;

    if (result != MAC_ENGINE_OK) {
        return result;
    }
    if (!mac_engine_ready(engine)) {
        return MAC_ENGINE_NOT_READY;
    }
    mac_engine_clear_errors(engine, SETTING_ERRORS);
    mac_engine_clear_events(engine, MAC_ENGINE_EVENT_REFUSED_MASK);
    format |= job->raw ? MAC_ENGINE_FORMAT_RAW_MASK : 0u;
    format |= job->a_unsigned ? MAC_ENGINE_FORMAT_A_UNSIGNED_MASK : 0u;
    format |= job->w_unsigned ? MAC_ENGINE_FORMAT_W_UNSIGNED_MASK : 0u;
    write_register(engine, MAC_ENGINE_M_OFFSET, job->m);
    write_register(engine, MAC_ENGINE_N_OFFSET, job->n);
    write_register(engine, MAC_ENGINE_K_OFFSET, job->k);
    /* With int32 output the other registers keep what they hold. */
    if (!job->raw) {
        write_register(engine, MAC_ENGINE_MODE_OFFSET, job->mode);
        write_register(engine, MAC_ENGINE_ZERO_POINT_OFFSET, (uint32_t)job->zero_point);
        write_register(engine, MAC_ENGINE_LOW_OFFSET, (uint32_t)job->low);
        write_register(engine, MAC_ENGINE_HIGH_OFFSET, (uint32_t)job->high);
    }
    write_register(engine, MAC_ENGINE_FORMAT_OFFSET, format);
    write_register(engine, MAC_ENGINE_A_ZERO_POINT_OFFSET, (uint32_t)job->a_zero_point);
    write_register(engine, MAC_ENGINE_CONTROL_OFFSET, MAC_ENGINE_CONTROL_START_MASK);
    for (reads = 0u; reads < MAC_ENGINE_START_READS; reads++) {
        if ((mac_engine_events(engine) & MAC_ENGINE_EVENT_REFUSED_MASK) != 0u) {
            result = mac_engine_decode(mac_engine_errors(engine) & SETTING_ERRORS);
            mac_engine_clear_errors(engine, SETTING_ERRORS);
            mac_engine_clear_events(engine, MAC_ENGINE_EVENT_REFUSED_MASK);
            break;
        }
    }
    return result;
}

bool mac_engine_busy(const mac_engine *engine)
{
    return (read_register(engine, MAC_ENGINE_STATUS_OFFSET) & MAC_ENGINE_STATUS_BUSY_MASK) != 0u;
}

bool mac_engine_ready(const mac_engine *engine)
{
    return (read_register(engine, MAC_ENGINE_STATUS_OFFSET) & MAC_ENGINE_STATUS_READY_MASK) != 0u;
}

/* Whether nothing is busy any more after at most `polls` reads. */
static bool settles(const mac_engine *engine, uint32_t polls)
{
    uint32_t count;

    for (count = 0u; count < polls; count++) {
        if (!mac_engine_busy(engine)) {
            return true;
        }
    }
    return false;
}

mac_engine_result mac_engine_wait(const mac_engine *engine, uint32_t polls)
{
    bool finished = settles(engine, polls);
    mac_engine_result result = mac_engine_decode(mac_engine_errors(engine));

    if ((result == MAC_ENGINE_OK) && !finished) {
        result = MAC_ENGINE_TIMEOUT;
    }
    if ((result == MAC_ENGINE_OK) && ((mac_engine_events(engine) & MAC_ENGINE_EVENT_CANCELLED_MASK) != 0u)) {
        result = MAC_ENGINE_CANCELLED;
    }
    return result;
}

mac_engine_result mac_engine_abort(const mac_engine *engine, uint32_t polls)
{
    write_register(engine, MAC_ENGINE_CONTROL_OFFSET, MAC_ENGINE_CONTROL_ABORT_MASK);
    return settles(engine, polls) ? MAC_ENGINE_OK : MAC_ENGINE_TIMEOUT;
}

/* Flags and counters ---------------------------------------------------------------------------------------------- */

uint32_t mac_engine_errors(const mac_engine *engine)
{
    return read_register(engine, MAC_ENGINE_ERROR_OFFSET);
}

mac_engine_result mac_engine_decode(uint32_t errors)
{
    static const struct {
        uint32_t mask;
        mac_engine_result result;
    } meanings[] = {
        /* What costs all jobs comes first. */
        {STREAM_ERRORS, MAC_ENGINE_STREAM_ERROR},
        {MAC_ENGINE_ERROR_M_RANGE_MASK, MAC_ENGINE_BAD_M},
        {MAC_ENGINE_ERROR_N_RANGE_MASK, MAC_ENGINE_BAD_N},
        {MAC_ENGINE_ERROR_K_RANGE_MASK, MAC_ENGINE_BAD_K},
        {MAC_ENGINE_ERROR_WEIGHTS_SIZE_MASK, MAC_ENGINE_BAD_WEIGHTS_SIZE},
        {MAC_ENGINE_ERROR_MODE_RANGE_MASK, MAC_ENGINE_BAD_MODE},
        {MAC_ENGINE_ERROR_FORMAT_RANGE_MASK, MAC_ENGINE_BAD_FORMAT},
        {MAC_ENGINE_ERROR_A_ZERO_POINT_RANGE_MASK, MAC_ENGINE_BAD_A_ZERO_POINT},
        {MAC_ENGINE_ERROR_OUTPUT_RANGE_MASK, MAC_ENGINE_BAD_OUTPUT_RANGE},
        {MAC_ENGINE_ERROR_QUEUE_FULL_MASK, MAC_ENGINE_QUEUE_FULL},
        {MAC_ENGINE_ERROR_CHANNEL_RANGE_MASK | MAC_ENGINE_ERROR_OPERAND_RANGE_MASK, MAC_ENGINE_DATA_ERROR},
    };
    size_t index;

    for (index = 0u; index < (sizeof(meanings) / sizeof(meanings[0])); index++) {
        if ((errors & meanings[index].mask) != 0u) {
            return meanings[index].result;
        }
    }
    return MAC_ENGINE_OK;
}

void mac_engine_clear_errors(const mac_engine *engine, uint32_t mask)
{
    write_register(engine, MAC_ENGINE_ERROR_OFFSET, mask);
}

uint32_t mac_engine_events(const mac_engine *engine)
{
    return read_register(engine, MAC_ENGINE_EVENT_OFFSET);
}

void mac_engine_clear_events(const mac_engine *engine, uint32_t mask)
{
    write_register(engine, MAC_ENGINE_EVENT_OFFSET, mask);
}

void mac_engine_enable_interrupts(const mac_engine *engine, uint32_t mask)
{
    write_register(engine, MAC_ENGINE_INTERRUPT_ENABLE_OFFSET, mask);
}

void mac_engine_read_counters(const mac_engine *engine, mac_engine_counters *counters)
{
    counters->cycles = read_register(engine, MAC_ENGINE_CYCLES_OFFSET);
    counters->waves = read_register(engine, MAC_ENGINE_WAVES_OFFSET);
    counters->wait_activations = read_register(engine, MAC_ENGINE_WAIT_ACTIVATIONS_OFFSET);
    counters->wait_weights = read_register(engine, MAC_ENGINE_WAIT_WEIGHTS_OFFSET);
    counters->wait_channels = read_register(engine, MAC_ENGINE_WAIT_CHANNELS_OFFSET);
    counters->wait_outputs = read_register(engine, MAC_ENGINE_WAIT_OUTPUTS_OFFSET);
    counters->drain = read_register(engine, MAC_ENGINE_DRAIN_OFFSET);
    counters->jobs = read_register(engine, MAC_ENGINE_JOBS_OFFSET);
    counters->clamped = read_register(engine, MAC_ENGINE_CLAMPED_OFFSET);
}

void mac_engine_clear_counters(const mac_engine *engine)
{
    write_register(engine, MAC_ENGINE_CONTROL_OFFSET, MAC_ENGINE_CONTROL_CLEAR_MASK);
}
