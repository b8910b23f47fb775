/* The registers of an engine as the driver sees them, in an array; part of driver_host.c. */

#ifndef DRIVER_MODEL_H
#define DRIVER_MODEL_H

#define BASE ((uintptr_t)0x43C00000u)

static int failures;

#define CHECK(condition) check((condition), #condition, __LINE__)

static void check(bool condition, const char *what, int line)
{
    if (!condition) {
        (void)printf("line %d: %s\n", line, what);
        failures++;
    }
}

static uint32_t registers[64];
static uint32_t writes[64];      /* how often each one was written */
static uint32_t busy_reads;      /* BUSY is read as 1 so many times after START or ABORT */
static uint32_t refuse_after;    /* reads of EVENT until a START is refused with `refuse_with` */
static uint32_t refuse_with;
static uint32_t ends_with;       /* ERROR when BUSY ends */

#define REGISTER(name) registers[MAC_ENGINE_##name##_OFFSET / 4u]
#define WRITES(name) writes[MAC_ENGINE_##name##_OFFSET / 4u]

uint32_t model_read(uintptr_t address)
{
    uint32_t index = (uint32_t)(address - BASE) / 4u;

    CHECK((address >= BASE) && (index < 64u) && (((address - BASE) % 4u) == 0u));
    if (index == (MAC_ENGINE_STATUS_OFFSET / 4u)) {
        uint32_t ready = REGISTER(STATUS) & MAC_ENGINE_STATUS_READY_MASK;

        if (busy_reads > 0u) {
            busy_reads--;
            REGISTER(ERROR) |= (busy_reads == 0u) ? ends_with : 0u;
            return ready | MAC_ENGINE_STATUS_BUSY_MASK;
        }
        return ready;
    }
    if ((index == (MAC_ENGINE_EVENT_OFFSET / 4u)) && (refuse_with != 0u)) {
        if (refuse_after == 0u) {
            REGISTER(ERROR) |= refuse_with;
            REGISTER(EVENT) |= MAC_ENGINE_EVENT_REFUSED_MASK;
            refuse_with = 0u;
        } else {
            refuse_after--;
        }
    }
    return registers[index];
}

void model_write(uintptr_t address, uint32_t value)
{
    uint32_t index = (uint32_t)(address - BASE) / 4u;

    CHECK((address >= BASE) && (index < 64u) && (((address - BASE) % 4u) == 0u));
    CHECK(address >= (BASE + MAC_ENGINE_CONTROL_OFFSET));
    CHECK(address != (BASE + MAC_ENGINE_STATUS_OFFSET));
    CHECK(address < (BASE + MAC_ENGINE_CYCLES_OFFSET));
    writes[index]++;
    if ((index == (MAC_ENGINE_ERROR_OFFSET / 4u)) || (index == (MAC_ENGINE_EVENT_OFFSET / 4u))) {
        registers[index] &= ~value;
    } else {
        registers[index] = value;
    }
}

#endif
