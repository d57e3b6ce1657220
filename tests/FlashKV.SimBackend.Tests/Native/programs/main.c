/*
 * superpipe-test SCENARIO: 0 and "ok" if it holds; 77 if this machine cannot try it.
 */
#define _GNU_SOURCE
#include "scenarios.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static const struct {
    const char *name;
    void (*run)(void);
} s_scenarios[] = {
    { "lifecycle", scenario_lifecycle },
    { "physical", scenario_physical },
    { "errors", scenario_errors },
    { "descriptors", scenario_descriptors },
    { "events", scenario_events },
    { "handles", scenario_handles },
    { "processes", scenario_processes },
    { "clone", scenario_clone },
    { "recovery", scenario_recovery },
    { "faults", scenario_faults },
    { "instructions", scenario_instructions },
    { "discovery", scenario_discovery },
    { "threads", scenario_threads },
    { "ends", scenario_ends },
    { "contexts", scenario_contexts },
    { "adapter", scenario_adapter },
    { "whole", scenario_whole },
    { "contextreset", scenario_contextreset },
    { "capacity", scenario_capacity },
    { "resetload", scenario_resetload },
    { "linkload", scenario_linkload },
    { "absent", scenario_absent },
    { "abandoned", scenario_abandoned },
};

int open_device(void)
{
    int device = open("/dev/sg0", O_RDWR);
    if (device < 0)
        check_error(__FILE__, __LINE__, "open of /dev/sg0", -1, 0);
    return device;
}

int main(int count, char **arguments)
{
    for (size_t i = 0; count == 2 && i < sizeof s_scenarios / sizeof *s_scenarios; i++) {
        if (strcmp(s_scenarios[i].name, arguments[1]) != 0)
            continue;
        s_scenarios[i].run();
        puts("ok");
        return 0;
    }
    fprintf(stderr, "usage: %s SCENARIO\n", arguments[0]);
    return 2;
}
