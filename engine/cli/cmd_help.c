#include "engine/cli/cmd.h"
#include "engine/cli/pages.h"

static ps_exit run(const ps_call *call, ps_error *err) {
    if (call->operands->n == 0) {
        ps_page_program(call->out);
        return PS_EXIT_OK;
    }
    const ps_command *command;
    ps_status status = ps_command_find(call->operands->item[0], &command, err);
    if (status == PS_OK) ps_page_command(command, call->out);
    return ps_exit_of(status);
}

const ps_command ps_command_help = {
    .name = "help",
    .summary = "print the help of the program or of a command",
    .detail = "`placestat COMMAND --help` is the same.",
    .operand = {PS_OPERAND_COMMAND, "COMMAND", 0, 1, NULL, "one of the commands"},
    .run = run,
};
