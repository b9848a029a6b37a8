/* Help, manual page and completion, all made from the tables of cmd.h. */
#ifndef PS_CLI_PAGES_H
#define PS_CLI_PAGES_H

#include "engine/cli/cmd.h"

/* `placestat --help` and `placestat COMMAND --help`: at most 40 lines of 80 columns. */
void ps_page_program(ps_output *out);
void ps_page_command(const ps_command *command, ps_output *out);
/* placestat(1) as roff with the man macros. */
void ps_page_manual(ps_output *out);
/* placestat-methods(7): every statistical method, from the list in method.h. */
void ps_page_methods(ps_output *out);
/* Words of text from column `at` on, wrapped at 80 columns, with `indent` spaces before
 * further lines; break_mark stands at the end of a line that goes on. */
void ps_page_wrapped(ps_output *out, const char *text, size_t at, size_t indent,
                     const char *break_mark);
/* Completion for bash, without need of the package bash-completion. */
void ps_page_completion(ps_output *out);

#endif
