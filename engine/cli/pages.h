/* Help, manual page and completion, all made from the tables of cmd.h. */
#ifndef PS_CLI_PAGES_H
#define PS_CLI_PAGES_H

#include "engine/cli/cmd.h"

/* `placestat --help` and `placestat COMMAND --help`: at most 40 lines of 80 columns. */
void ps_page_program(ps_output *out);
void ps_page_command(const ps_command *command, ps_output *out);
/* placestat(1) as roff with the man macros. */
void ps_page_manual(ps_output *out);
/* Completion for bash, without need of the package bash-completion. */
void ps_page_completion(ps_output *out);

#endif
