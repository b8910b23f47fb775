/* Prints what the driver packs, for a comparison elsewhere.
 *
 * driver_pack cols depth weight_bytes weight_beats channel_bytes n k order: sizes, weights and channels, a line each,
 * of the matrix W[k][n] = 1 + (n + 16 k) mod 251 and of channels with fields that tell them apart.
 */

#include <stdio.h>
#include <stdlib.h>

#include "mac_engine.h"

#define MOST 65536u

static uint8_t weights[MOST];
static uint8_t packed[MOST + 1u];
static mac_engine_channel channels[MOST];

/* Never called: packing needs no register. */
uint32_t model_read(uintptr_t address)
{
    (void)address;
    abort();
}

void model_write(uintptr_t address, uint32_t value)
{
    (void)address;
    (void)value;
    abort();
}

static uint32_t argument(char *text)
{
    return (uint32_t)strtoul(text, NULL, 10);
}

static void print_packed(mac_engine_result result, size_t size)
{
    size_t index;

    (void)printf("%d ", (int)result);
    for (index = 0u; index < size; index++) {
        (void)printf("%02x", packed[index]);
    }
    /* The byte behind the packet is not the driver's. */
    (void)printf(" %02x\n", packed[size]);
}

static void fill(uint8_t value)
{
    size_t index;

    for (index = 0u; index <= MOST; index++) {
        packed[index] = value;
    }
}

int main(int count, char **arguments)
{
    mac_engine engine = {0};
    mac_engine_job job = {0};
    mac_engine_order order;
    uint32_t n;
    uint32_t k;
    uint32_t row;
    uint32_t column;
    size_t size;

    if (count != 9) {
        return 2;
    }
    engine.cols = argument(arguments[1]);
    engine.depth = argument(arguments[2]);
    engine.weight_bytes = argument(arguments[3]);
    engine.weight_beats = argument(arguments[4]);
    engine.channel_bytes = argument(arguments[5]);
    n = argument(arguments[6]);
    k = argument(arguments[7]);
    order = (argument(arguments[8]) == 0u) ? MAC_ENGINE_ORDER_KN : MAC_ENGINE_ORDER_NK;
    for (row = 0u; row < k; row++) {
        for (column = 0u; column < n; column++) {
            size_t index = (order == MAC_ENGINE_ORDER_KN) ? (((size_t)row * n) + column) : (((size_t)column * k) + row);

            weights[index] = (uint8_t)(1u + ((column + (16u * row)) % 251u));
        }
    }
    job.m = 0x00FFFFFFu;
    job.n = n;
    job.k = k;
    (void)printf("%llu ", (unsigned long long)mac_engine_activations_size(&job));
    (void)printf("%llu ", (unsigned long long)mac_engine_outputs_size(&job));
    job.raw = true;
    (void)printf("%llu ", (unsigned long long)mac_engine_outputs_size(&job));
    size = mac_engine_weights_size(&engine, n, k);
    (void)printf("%llu ", (unsigned long long)size);
    (void)printf("%llu\n", (unsigned long long)mac_engine_channels_size(&engine, n));

    fill(0xEEu);
    print_packed(mac_engine_pack_weights(&engine, n, k, weights, order, packed, size), size);
    /* A byte too few; where nothing fits, as with a size of 0. */
    size = (size == 0u) ? 1u : size;
    (void)printf("%d\n", (int)mac_engine_pack_weights(&engine, n, k, weights, order, packed, size - 1u));

    for (column = 0u; column < n; column++) {
        channels[column].bias = 0x80000001u + column;
        channels[column].multiplier = mac_engine_float_bits(1.5f + (float)column);
        channels[column].shift = (uint8_t)(column % 64u);
        channels[column].weight_zero_point = (uint8_t)(200u + column);
    }
    size = mac_engine_channels_size(&engine, n);
    fill(0xEEu);
    print_packed(mac_engine_pack_channels(&engine, n, channels, packed, size), size);
    (void)printf("%d\n", (int)mac_engine_pack_channels(&engine, n, channels, packed, size - 1u));
    for (column = 0u; column < n; column++) {
        (void)printf("%08lx ", (unsigned long)mac_engine_fold_bias(
            0x7FFFFFFFu, -128, n, k, column, (const int8_t *)weights, order));
    }
    (void)printf("\n");
    return 0;
}
