/*
 * What the programs try. Each scenario is a process of its own: it returns if all was as it has to
 * be, and ends the process otherwise.
 */
#ifndef SCENARIOS_H
#define SCENARIOS_H

#include "client.h"

int open_device(void);

void scenario_lifecycle(void);
void scenario_physical(void);
void scenario_errors(void);
void scenario_descriptors(void);
void scenario_events(void);
void scenario_handles(void);
void scenario_processes(void);
void scenario_clone(void);
void scenario_recovery(void);
void scenario_faults(void);
void scenario_instructions(void);
void scenario_discovery(void);
void scenario_threads(void);
void scenario_ends(void);
void scenario_contexts(void);
void scenario_adapter(void);
void scenario_whole(void);
void scenario_contextreset(void);
void scenario_capacity(void);
void scenario_resetload(void);
void scenario_linkload(void);
void scenario_absent(void);
void scenario_abandoned(void);

#endif
