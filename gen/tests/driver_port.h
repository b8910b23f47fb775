/* Registers in an array, in place of an engine. */

#ifndef DRIVER_PORT_H
#define DRIVER_PORT_H

#include <stdint.h>

uint32_t model_read(uintptr_t address);
void model_write(uintptr_t address, uint32_t value);

#define MAC_ENGINE_READ32(address) model_read(address)
#define MAC_ENGINE_WRITE32(address, value) model_write((address), (value))

#endif
