/* The driver against a model of the registers, on the machine that runs the tests.
 *
 * The program prints what fails and returns 1. NUMBERS_H, the engine's header, and P, its name in capitals, come from
 * the command line.
 */

#include <stdio.h>
#include <string.h>

#include "mac_engine.h"
#include NUMBERS_H
#include "driver_model.h"

#define JOIN(prefix, name) prefix##_##name
#define NAMED(prefix, name) JOIN(prefix, name)
#define NUMBER(name) NAMED(P, name)

static mac_engine fresh(void)
{
    mac_engine engine;

    (void)memset(registers, 0, sizeof(registers));
    (void)memset(writes, 0, sizeof(writes));
    busy_reads = refuse_after = refuse_with = ends_with = 0u;
    REGISTER(ID) = NUMBER(ID_RESET);
    REGISTER(VERSION) = NUMBER(VERSION_RESET);
    REGISTER(SHAPE) = NUMBER(SHAPE_RESET);
    REGISTER(STREAMS) = NUMBER(STREAMS_RESET);
    REGISTER(OPTIONS) = NUMBER(OPTIONS_RESET);
    REGISTER(WIDTHS) = NUMBER(WIDTHS_RESET);
    REGISTER(K_MAX) = NUMBER(K_MAX_RESET);
    REGISTER(N_MAX) = NUMBER(N_MAX_RESET);
    REGISTER(RAW_N_MAX) = NUMBER(RAW_N_MAX_RESET);
    REGISTER(WEIGHT_BEATS) = NUMBER(WEIGHT_BEATS_RESET);
    REGISTER(STATUS) = NUMBER(STATUS_RESET);
    REGISTER(LOW) = NUMBER(LOW_RESET);
    REGISTER(HIGH) = NUMBER(HIGH_RESET);
    CHECK(mac_engine_probe(&engine, BASE) == MAC_ENGINE_OK);
    return engine;
}

static mac_engine_job legal(const mac_engine *engine)
{
    mac_engine_job job = {3u, 1u, 2u, 0u, false, false, false, 0, -5, -128, 127};

    if (engine->modes == 0u) {
        job.raw = true;
    } else {
        while (((engine->modes >> job.mode) & 1u) == 0u) {
            job.mode++;
        }
    }
    return job;
}

/* Tests ----------------------------------------------------------------------------------------------------------- */

static void test_probe(void)
{
    mac_engine engine = fresh();

    CHECK((engine.base == BASE) && (engine.rows == NUMBER(ROWS)) && (engine.cols == NUMBER(COLS)));
    CHECK((engine.depth == NUMBER(DEPTH)) && (engine.act_bytes == NUMBER(ACT_BYTES)));
    CHECK((engine.weight_bytes == NUMBER(WEIGHT_BYTES)) && (engine.out_bytes == NUMBER(OUT_BYTES)));
    CHECK((engine.channel_bytes == NUMBER(CHANNEL_BYTES)) && (engine.act_width == NUMBER(ACT_WIDTH)));
    CHECK((engine.weight_width == NUMBER(WEIGHT_WIDTH)) && (engine.acc_width == NUMBER(ACC_WIDTH)));
    CHECK((engine.modes == NUMBER(MODES)) && (engine.raw_output == (NUMBER(RAW_OUTPUT) != 0u)));
    CHECK((engine.subtract == (NUMBER(SUBTRACT) != 0u)) && (engine.k_max == NUMBER(K_MAX)));
    CHECK((engine.n_max == NUMBER(N_MAX)) && (engine.raw_n_max == NUMBER(RAW_N_MAX)));
    CHECK(engine.weight_beats == NUMBER(WEIGHT_BEATS));
    REGISTER(VERSION) ^= 1u << MAC_ENGINE_VERSION_PATCH_SHIFT;
    CHECK(mac_engine_probe(&engine, BASE) == MAC_ENGINE_OK);
    REGISTER(VERSION) ^= 1u << MAC_ENGINE_VERSION_MINOR_SHIFT;
    CHECK(mac_engine_probe(&engine, BASE) == MAC_ENGINE_WRONG_VERSION);
    REGISTER(ID) ^= 1u;
    CHECK(mac_engine_probe(&engine, BASE) == MAC_ENGINE_NOT_FOUND);
}

static void test_check(void)
{
    mac_engine engine = fresh();
    mac_engine_job job = legal(&engine);
    mac_engine_job wrong;
    int32_t top = (int32_t)(1u << engine.act_width) - 1;
    uint32_t most = job.raw ? engine.raw_n_max : engine.n_max;

#define EXPECT(field, value, result) \
    do { \
        wrong = job; \
        wrong.field = (value); \
        CHECK(mac_engine_check(&engine, &wrong) == (result)); \
    } while (0)

    CHECK(mac_engine_check(&engine, &job) == MAC_ENGINE_OK);
    EXPECT(m, 0u, MAC_ENGINE_BAD_M);
    EXPECT(m, 0x00FFFFFFu, MAC_ENGINE_OK);
    EXPECT(m, 0x01000000u, MAC_ENGINE_BAD_M);
    EXPECT(n, 0u, MAC_ENGINE_BAD_N);
    EXPECT(n, most, MAC_ENGINE_OK);
    EXPECT(n, most + 1u, MAC_ENGINE_BAD_N);
    EXPECT(k, 0u, MAC_ENGINE_BAD_K);
    EXPECT(k, engine.k_max, MAC_ENGINE_OK);
    EXPECT(k, engine.k_max + 1u, MAC_ENGINE_BAD_K);
    /* One beat more than the buffer holds, with N and K in range. */
    engine.weight_beats = 1u;
    EXPECT(k, engine.depth, MAC_ENGINE_OK);
    EXPECT(k, engine.depth + 1u, MAC_ENGINE_BAD_WEIGHTS_SIZE);
    engine.weight_beats = NUMBER(WEIGHT_BEATS);
    EXPECT(raw, !job.raw, (engine.raw_output && (engine.modes != 0u)) ? MAC_ENGINE_OK : MAC_ENGINE_BAD_FORMAT);
    EXPECT(a_unsigned, true, engine.subtract ? MAC_ENGINE_OK : MAC_ENGINE_BAD_FORMAT);
    EXPECT(w_unsigned, true, engine.subtract ? MAC_ENGINE_OK : MAC_ENGINE_BAD_FORMAT);
    EXPECT(a_zero_point, 1, engine.subtract ? MAC_ENGINE_OK : MAC_ENGINE_BAD_A_ZERO_POINT);
    EXPECT(a_zero_point, (-top / 2) - 2, MAC_ENGINE_BAD_A_ZERO_POINT);
    EXPECT(a_zero_point, (top / 2) + 1, MAC_ENGINE_BAD_A_ZERO_POINT);
    if (engine.subtract) {
        EXPECT(a_zero_point, (-top / 2) - 1, MAC_ENGINE_OK);
        EXPECT(a_zero_point, top / 2, MAC_ENGINE_OK);
        job.a_unsigned = true;
        EXPECT(a_zero_point, top, MAC_ENGINE_OK);
        EXPECT(a_zero_point, top + 1, MAC_ENGINE_BAD_A_ZERO_POINT);
        EXPECT(a_zero_point, -1, MAC_ENGINE_BAD_A_ZERO_POINT);
    }
    if (!job.raw) {
        EXPECT(mode, 5u, MAC_ENGINE_BAD_MODE);
        EXPECT(mode, 32u, MAC_ENGINE_BAD_MODE);
        EXPECT(low, 128, MAC_ENGINE_BAD_OUTPUT_RANGE);
        EXPECT(low, -129, MAC_ENGINE_BAD_OUTPUT_RANGE);
        EXPECT(high, 128, MAC_ENGINE_BAD_OUTPUT_RANGE);
        EXPECT(zero_point, 128, MAC_ENGINE_BAD_OUTPUT_RANGE);
        job.zero_point = 255;
        job.low = 0;
        EXPECT(high, 255, MAC_ENGINE_OK);
        EXPECT(high, 256, MAC_ENGINE_BAD_OUTPUT_RANGE);
    } else {
        EXPECT(low, 1000, MAC_ENGINE_OK);
    }
}

static void test_start(void)
{
    mac_engine engine = fresh();
    mac_engine_job job = legal(&engine);

    job.a_unsigned = job.w_unsigned = engine.subtract;
    job.low = -100;
    job.high = 99;
    REGISTER(ERROR) = MAC_ENGINE_ERROR_M_RANGE_MASK | MAC_ENGINE_ERROR_CHANNEL_RANGE_MASK;
    REGISTER(EVENT) = MAC_ENGINE_EVENT_REFUSED_MASK | MAC_ENGINE_EVENT_DONE_MASK;
    CHECK(mac_engine_start(&engine, &job) == MAC_ENGINE_OK);
    CHECK((REGISTER(M) == job.m) && (REGISTER(N) == job.n) && (REGISTER(K) == job.k));
    CHECK((REGISTER(CONTROL) == MAC_ENGINE_CONTROL_START_MASK) && (WRITES(CONTROL) == 1u));
    CHECK(REGISTER(FORMAT) == ((job.raw ? MAC_ENGINE_FORMAT_RAW_MASK : 0u) |
                               (engine.subtract ? (MAC_ENGINE_FORMAT_A_UNSIGNED_MASK |
                                                   MAC_ENGINE_FORMAT_W_UNSIGNED_MASK) : 0u)));
    CHECK(job.raw || ((REGISTER(ZERO_POINT) == (uint32_t)-5) && (REGISTER(LOW) == (uint32_t)-100) &&
                      (REGISTER(HIGH) == 99u) && (REGISTER(MODE) == job.mode)));
    CHECK(!job.raw || (WRITES(MODE) == 0u));
    /* What other jobs left behind stays; what an earlier refusal left does not count. */
    CHECK(REGISTER(ERROR) == MAC_ENGINE_ERROR_CHANNEL_RANGE_MASK);
    CHECK(REGISTER(EVENT) == MAC_ENGINE_EVENT_DONE_MASK);

    REGISTER(STATUS) = 0u;
    CHECK((mac_engine_start(&engine, &job) == MAC_ENGINE_NOT_READY) && (WRITES(CONTROL) == 1u));
    REGISTER(STATUS) = MAC_ENGINE_STATUS_READY_MASK;
    job.m = 0u;
    CHECK((mac_engine_start(&engine, &job) == MAC_ENGINE_BAD_M) && (WRITES(CONTROL) == 1u));
    job.m = 1u;
    /* The engine refuses what the driver lets pass. */
    for (refuse_after = 0u; refuse_after < 3u;) {
        uint32_t reads = refuse_after;

        refuse_with = MAC_ENGINE_ERROR_QUEUE_FULL_MASK;
        CHECK(mac_engine_start(&engine, &job) == MAC_ENGINE_QUEUE_FULL);
        CHECK(REGISTER(ERROR) == MAC_ENGINE_ERROR_CHANNEL_RANGE_MASK);
        CHECK(REGISTER(EVENT) == MAC_ENGINE_EVENT_DONE_MASK);
        refuse_after = reads + 1u;
    }
}

static void test_wait_and_abort(void)
{
    mac_engine engine = fresh();

    busy_reads = 10u;
    CHECK(mac_engine_wait(&engine, 10u) == MAC_ENGINE_TIMEOUT);
    CHECK(mac_engine_wait(&engine, 1u) == MAC_ENGINE_OK);
    CHECK(mac_engine_wait(&engine, 0u) == MAC_ENGINE_TIMEOUT);
    busy_reads = 3u;
    ends_with = MAC_ENGINE_ERROR_OPERAND_RANGE_MASK;
    CHECK(mac_engine_wait(&engine, 9u) == MAC_ENGINE_DATA_ERROR);
    REGISTER(ERROR) = MAC_ENGINE_ERROR_WEIGHTS_LATE_MASK;
    busy_reads = 99u;
    CHECK((mac_engine_wait(&engine, 9u) == MAC_ENGINE_STREAM_ERROR) && mac_engine_busy(&engine));
    REGISTER(ERROR) = 0u;
    REGISTER(EVENT) = MAC_ENGINE_EVENT_CANCELLED_MASK;
    busy_reads = ends_with = 0u;
    CHECK((mac_engine_wait(&engine, 9u) == MAC_ENGINE_CANCELLED) && !mac_engine_busy(&engine));
    busy_reads = 5u;
    CHECK(mac_engine_abort(&engine, 5u) == MAC_ENGINE_TIMEOUT);
    CHECK((mac_engine_abort(&engine, 5u) == MAC_ENGINE_OK) && (REGISTER(CONTROL) == MAC_ENGINE_CONTROL_ABORT_MASK));
    CHECK(mac_engine_ready(&engine));
    mac_engine_reset(&engine);
    CHECK(REGISTER(CONTROL) == MAC_ENGINE_CONTROL_RESET_MASK);
}

static void test_flags_and_counters(void)
{
    mac_engine engine = fresh();
    mac_engine_counters counters;
    uint32_t bit;

    /* In the order of the bits; data errors are the last two, stream errors before them. */
    for (bit = 0u; bit < 20u; bit++) {
        mac_engine_result want = (bit < 9u) ? (mac_engine_result)((uint32_t)MAC_ENGINE_BAD_M + bit)
            : ((bit < 18u) ? MAC_ENGINE_STREAM_ERROR : MAC_ENGINE_DATA_ERROR);

        CHECK(mac_engine_decode(1u << bit) == want);
        CHECK((bit >= 18u) || (mac_engine_decode((1u << bit) | (1u << 18)) == want));
        CHECK(mac_engine_decode((1u << bit) | (1u << 12)) == MAC_ENGINE_STREAM_ERROR);
    }
    CHECK(mac_engine_decode(0u) == MAC_ENGINE_OK);
    REGISTER(ERROR) = 7u;
    mac_engine_clear_errors(&engine, 2u);
    CHECK(mac_engine_errors(&engine) == 5u);
    REGISTER(EVENT) = 15u;
    mac_engine_clear_events(&engine, 9u);
    CHECK(mac_engine_events(&engine) == 6u);
    mac_engine_enable_interrupts(&engine, MAC_ENGINE_EVENT_DONE_MASK);
    CHECK(REGISTER(INTERRUPT_ENABLE) == 1u);
    REGISTER(CYCLES) = 1u;
    REGISTER(WAVES) = 2u;
    REGISTER(WAIT_ACTIVATIONS) = 3u;
    REGISTER(WAIT_WEIGHTS) = 4u;
    REGISTER(WAIT_CHANNELS) = 5u;
    REGISTER(WAIT_OUTPUTS) = 6u;
    REGISTER(DRAIN) = 7u;
    REGISTER(JOBS) = 8u;
    REGISTER(CLAMPED) = 9u;
    mac_engine_read_counters(&engine, &counters);
    CHECK((counters.cycles == 1u) && (counters.waves == 2u) && (counters.wait_activations == 3u));
    CHECK((counters.wait_weights == 4u) && (counters.wait_channels == 5u) && (counters.wait_outputs == 6u));
    CHECK((counters.drain == 7u) && (counters.jobs == 8u) && (counters.clamped == 9u));
    mac_engine_clear_counters(&engine);
    CHECK(REGISTER(CONTROL) == MAC_ENGINE_CONTROL_CLEAR_MASK);
}

int main(void)
{
    test_probe();
    test_check();
    test_start();
    test_wait_and_abort();
    test_flags_and_counters();
    return (failures == 0) ? 0 : 1;
}
