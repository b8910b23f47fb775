/* Bare-metal driver of a Macaw engine: registers, job descriptions, and the packing of its operands.
 *
 * The engine takes activations, weights and channel parameters from streams, and sends outputs to one; whatever feeds
 * them (DMA) is not part of this driver. For each job that is started, send one packet on each input and receive one
 * output packet, in the order of the jobs. The sizes below say how many bytes a packet has.
 *
 * Nothing is allocated; the only state is the structure that mac_engine_probe fills. Registers are read and written by
 * MAC_ENGINE_READ32(address) and MAC_ENGINE_WRITE32(address, value), which a project may define itself, in a header
 * that it names by MAC_ENGINE_PORT_H.
 */

#ifndef MAC_ENGINE_H
#define MAC_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef MAC_ENGINE_PORT_H
#include MAC_ENGINE_PORT_H
#endif

#ifndef MAC_ENGINE_REGISTERS_H
#define MAC_ENGINE_REGISTERS_H "mac_engine_map.h"
#endif
#include MAC_ENGINE_REGISTERS_H

typedef enum {
    MAC_ENGINE_OK = 0,
    MAC_ENGINE_NOT_FOUND,         /* no engine at this address */
    MAC_ENGINE_WRONG_VERSION,     /* an engine whose registers this driver does not know */
    MAC_ENGINE_BAD_ARGUMENT,      /* a buffer is too small, or an index out of range */
    MAC_ENGINE_NOT_READY,         /* both job places are taken, or jobs are being cancelled: try again */
    MAC_ENGINE_BAD_M,             /* the job is refused: the bits of ERROR, in their order */
    MAC_ENGINE_BAD_N,
    MAC_ENGINE_BAD_K,
    MAC_ENGINE_BAD_WEIGHTS_SIZE,
    MAC_ENGINE_BAD_MODE,
    MAC_ENGINE_BAD_FORMAT,
    MAC_ENGINE_BAD_A_ZERO_POINT,
    MAC_ENGINE_BAD_OUTPUT_RANGE,
    MAC_ENGINE_QUEUE_FULL,
    MAC_ENGINE_STREAM_ERROR,      /* a packet had the wrong length: all jobs are cancelled */
    MAC_ENGINE_DATA_ERROR,        /* an operand or channel parameter was illegal: outputs mean nothing */
    MAC_ENGINE_CANCELLED,         /* jobs were cancelled */
    MAC_ENGINE_TIMEOUT            /* not finished yet */
} mac_engine_result;

/* An engine, and what it was built for. */
typedef struct {
    uintptr_t base;
    uint32_t rows;
    uint32_t cols;
    uint32_t depth;
    uint32_t act_bytes;
    uint32_t weight_bytes;
    uint32_t out_bytes;
    uint32_t channel_bytes;
    uint32_t act_width;
    uint32_t weight_width;
    uint32_t acc_width;
    uint32_t modes;               /* bit i: mode i */
    bool raw_output;
    bool subtract;
    uint32_t k_max;
    uint32_t n_max;
    uint32_t raw_n_max;
    uint32_t weight_beats;
} mac_engine;

/* Y[m, n] = requantize(A[m, k] * W[k, n] + bias[n]). */
typedef struct {
    uint32_t m;
    uint32_t n;
    uint32_t k;
    uint32_t mode;                /* MAC_ENGINE_MODE_... */
    bool raw;                     /* int32 output: mode, zero_point, low and high are not used */
    bool a_unsigned;
    bool w_unsigned;
    int32_t a_zero_point;         /* 0 where zero points are folded into the bias */
    int32_t zero_point;
    int32_t low;
    int32_t high;
} mac_engine_job;

/* One output channel. */
typedef struct {
    uint32_t bias;                /* bits of an int32 or, in mode FBGEMM, of a float */
    uint32_t multiplier;          /* fixed-point multiplier, or bits of the float scale */
    uint8_t shift;                /* of the fixed-point modes */
    uint8_t weight_zero_point;    /* raw bits, where zero points are subtracted */
} mac_engine_channel;

/* Memory order of a matrix of weights. */
typedef enum {
    MAC_ENGINE_ORDER_KN = 0,      /* W[k][n], as the B of a matrix product */
    MAC_ENGINE_ORDER_NK           /* W[n][k], as most frameworks keep fully connected layers */
} mac_engine_order;

typedef struct {
    uint32_t cycles;
    uint32_t waves;
    uint32_t wait_activations;
    uint32_t wait_weights;
    uint32_t wait_channels;
    uint32_t wait_outputs;
    uint32_t drain;
    uint32_t jobs;
    uint32_t clamped;
} mac_engine_counters;

/* Look for an engine at `base` and fill `engine`. */
mac_engine_result mac_engine_probe(mac_engine *engine, uintptr_t base);

/* Put the engine into its state after reset. Packets under way are forgotten: reset what feeds the streams too. */
void mac_engine_reset(const mac_engine *engine);

/* What the engine would say to this job, without asking it. */
mac_engine_result mac_engine_check(const mac_engine *engine, const mac_engine_job *job);

/* Start a job. Anything but MAC_ENGINE_OK: the job was not taken, and no packet is due for it. */
mac_engine_result mac_engine_start(const mac_engine *engine, const mac_engine_job *job);

/* A job is unfinished, or packets of cancelled jobs are awaited. */
bool mac_engine_busy(const mac_engine *engine);

/* Another job can be started. */
bool mac_engine_ready(const mac_engine *engine);

/* Read STATUS up to `polls` times until nothing is busy; tells what went wrong since flags were cleared.
 *
 * After MAC_ENGINE_STREAM_ERROR mac_engine_busy tells whether rests of packets are still awaited: send them, or reset.
 */
mac_engine_result mac_engine_wait(const mac_engine *engine, uint32_t polls);

/* Cancel all jobs, and wait as mac_engine_wait does until the rests of their packets have been discarded. */
mac_engine_result mac_engine_abort(const mac_engine *engine, uint32_t polls);

/* ERROR as it is, the result that its most urgent bit means, and clearing the bits of `mask`. */
uint32_t mac_engine_errors(const mac_engine *engine);
mac_engine_result mac_engine_decode(uint32_t errors);
void mac_engine_clear_errors(const mac_engine *engine, uint32_t mask);

/* EVENT as it is, clearing the bits of `mask`, and choosing the events that raise the interrupt. */
uint32_t mac_engine_events(const mac_engine *engine);
void mac_engine_clear_events(const mac_engine *engine, uint32_t mask);
void mac_engine_enable_interrupts(const mac_engine *engine, uint32_t mask);

void mac_engine_read_counters(const mac_engine *engine, mac_engine_counters *counters);
void mac_engine_clear_counters(const mac_engine *engine);

/* Bytes of a job's packets; 0 if it is more than a size_t holds. */
size_t mac_engine_activations_size(const mac_engine_job *job);
size_t mac_engine_weights_size(const mac_engine *engine, uint32_t n, uint32_t k);
size_t mac_engine_channels_size(const mac_engine *engine, uint32_t n);
size_t mac_engine_outputs_size(const mac_engine_job *job);

/* Bring weights of one byte each into the order in which the engine takes them; `size` is that of `packed`. */
mac_engine_result mac_engine_pack_weights(const mac_engine *engine, uint32_t n, uint32_t k, const void *weights,
                                          mac_engine_order order, void *packed, size_t size);

/* Write the records of `n` channels. */
mac_engine_result mac_engine_pack_channels(const mac_engine *engine, uint32_t n, const mac_engine_channel *channels,
                                           void *packed, size_t size);

/* The bits of a float, for scales and float biases. */
uint32_t mac_engine_float_bits(float value);

/* Where zero points are folded: the bias of channel `channel` that accounts for the activations' zero point,
 * bias - a_zero_point * sum of the channel's int8 weights, modulo 2^32.
 */
uint32_t mac_engine_fold_bias(uint32_t bias, int32_t a_zero_point, uint32_t n, uint32_t k, uint32_t channel,
                              const int8_t *weights, mac_engine_order order);

#endif
