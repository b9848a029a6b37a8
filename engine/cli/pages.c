/* See pages.h. The three forms differ only in layout, so they share the small functions
 * that spell an option ("-o, --output DIR") and the use of a command. */
#include "engine/cli/pages.h"

#include <stdio.h>
#include <string.h>

#include "indicators/method.h"

enum { WIDTH = 80, COLUMN = 28 };

static const char *const description =
    "placestat turns boundaries, incident points and area tables into neighbourhood "
    "indicators: it finds the area of every point in any number of geographies at once, "
    "counts, computes rates with their intervals, and writes tables and maps. Results go "
    "to standard output or to files; everything else goes to standard error.";

/* Text into a buffer; what does not fit is cut. */
typedef struct buffer {
    size_t n;
    char text[512];
} buffer;

static void add(buffer *b, const char *text) {
    int n = snprintf(b->text + b->n, sizeof b->text - b->n, "%s", text);
    b->n += n > 0 ? (size_t)n : 0;
    if (b->n >= sizeof b->text) b->n = sizeof b->text - 1;
}

/* "none|bar|log|json" or "FILE"; nothing for a switch. */
static void add_value(buffer *b, const ps_opt *option) {
    if (option->kind == PS_OPT_CHOICE) {
        for (size_t i = 0; option->choices[i] != NULL; i++) {
            add(b, i > 0 ? "|" : "");
            add(b, option->choices[i]);
        }
    } else if (ps_opt_takes_value(option)) {
        add(b, option->value);
    }
}

static void add_use_of_option(buffer *b, const ps_opt *option) {
    add(b, "--");
    add(b, option->name);
    if (ps_opt_takes_value(option)) add(b, " ");
    add_value(b, option);
}

static void add_operand(buffer *b, const ps_operand *operand) {
    if (operand->kind == PS_OPERAND_NONE) return;
    add(b, operand->least == 0 ? " [" : " ");
    add(b, operand->name);
    if (operand->most == 0) add(b, "...");
    if (operand->least == 0) add(b, "]");
}

/* "placestat join POINTS... --areas FILE --id FIELD [OPTION]..." */
static void add_use(buffer *b, const ps_command *command) {
    add(b, "placestat ");
    add(b, command->name);
    add_operand(b, &command->operand);
    for (size_t i = 0; i < command->n_options; i++) {
        if (!command->option[i].required) continue;
        add(b, " ");
        add_use_of_option(b, &command->option[i]);
    }
    add(b, " [OPTION]...");
}

void ps_page_wrapped(ps_output *out, const char *text, size_t at, size_t indent,
                     const char *break_mark) {
    size_t width = WIDTH - strlen(break_mark);
    while (*text != '\0') {
        size_t n = strcspn(text, " ");
        if (at > indent && at + 1 + n > width) {
            ps_output_printf(out, "%s\n", break_mark);
            ps_output_printf(out, "%*s", (int)indent, "");
            at = indent;
        } else if (at > indent) {
            ps_output_text(out, " ");
            at++;
        }
        ps_output_write(out, text, n);
        at += n;
        text += n;
        text += strspn(text, " ");
    }
    ps_output_text(out, "\n");
}

/* One row of a help: a term in the left column, words in the right one. */
static void print_row(ps_output *out, const char *term, const char *text) {
    size_t n = strlen(term);
    ps_output_text(out, term);
    if (n + 2 > COLUMN) {
        ps_output_text(out, "\n");
        n = 0;
    }
    ps_output_printf(out, "%*s", (int)(COLUMN - n), "");
    ps_page_wrapped(out, text, COLUMN, COLUMN, "");
}

static void print_option(ps_output *out, const ps_opt *option) {
    buffer term = {.n = 0}, text = {.n = 0};
    char letter[8] = "      ";
    if (option->letter != 0) snprintf(letter, sizeof letter, "  -%c, ", option->letter);
    add(&term, letter);
    add_use_of_option(&term, option);
    add(&text, option->help);
    if (option->fallback != NULL) {
        add(&text, " [");
        add(&text, option->fallback);
        add(&text, "]");
    }
    print_row(out, term.text, text.text);
}

void ps_page_program(ps_output *out) {
    const ps_command *const *command;
    const ps_opt *option;
    const ps_exit_meaning *meaning;
    size_t n = ps_commands(&command);
    ps_output_text(out,
                   "placestat " PS_VERSION
                   ": neighbourhood indicators from boundaries, incidents and tables\n\n"
                   "Usage: placestat COMMAND [ARGUMENT]... [OPTION]...\n\nCommands:\n");
    for (size_t i = 0; i < n; i++)
        ps_output_printf(out, "  %-10s %s\n", command[i]->name, command[i]->summary);
    ps_output_text(out, "\nOptions of every command:\n");
    n = ps_general_options(&option);
    for (size_t i = 0; i < n; i++) print_option(out, &option[i]);
    ps_output_text(out, "\nExit codes:\n");
    n = ps_exit_meanings(&meaning);
    for (size_t i = 0; i < n; i++)
        ps_output_printf(out, "  %3d  %s\n", meaning[i].code, meaning[i].meaning);
    ps_output_text(out,
                   "\n`placestat COMMAND --help` says more; so does man placestat.\n");
}

void ps_page_command(const ps_command *command, ps_output *out) {
    const ps_opt *general;
    size_t n = ps_general_options(&general);
    buffer use = {.n = 0};
    add_use(&use, command);
    ps_output_text(out, "Usage: ");
    ps_page_wrapped(out, use.text, 7, 7, "");
    ps_output_printf(out, "\n%c%s.\n\n",
                     command->summary[0] >= 'a' && command->summary[0] <= 'z'
                         ? command->summary[0] - 'a' + 'A'
                         : command->summary[0],
                     command->summary + 1);
    if (command->operand.kind != PS_OPERAND_NONE) {
        buffer term = {.n = 0};
        add(&term, "  ");
        add(&term, command->operand.name);
        if (command->operand.most == 0) add(&term, "...");
        print_row(out, term.text, command->operand.help);
    }
    for (size_t i = 0; i < command->n_options; i++)
        print_option(out, &command->option[i]);
    for (size_t i = 0; i < n; i++) print_option(out, &general[i]);
    for (size_t i = 0; i < command->n_examples; i++) {
        ps_output_text(out, i == 0 ? "\nExamples:\n" : "");
        ps_output_printf(out, "  # %s\n", command->example[i].meaning);
        ps_output_text(out, "  ");
        ps_page_wrapped(out, command->example[i].command, 2, 6, " \\");
    }
}

/* Text for roff: hyphens that can be copied, no control lines. */
static void roff(ps_output *out, const char *text) {
    bool at_start = true;
    for (const char *c = text; *c != '\0'; c++) {
        if (at_start && (*c == '.' || *c == '\'')) ps_output_text(out, "\\&");
        at_start = *c == '\n';
        if (*c == '\\')
            ps_output_text(out, "\\e");
        else if (*c == '-')
            ps_output_text(out, "\\-");
        else if (*c == '\'')
            ps_output_text(out, "\\(aq");
        else if (*c == '`')
            ps_output_text(out, "\\(ga");
        else
            ps_output_write(out, c, 1);
    }
}

static void roff_paragraph(ps_output *out, const char *text) {
    ps_output_text(out, ".PP\n");
    roff(out, text);
    ps_output_text(out, "\n");
}

/* The first letter large, a full stop at the end. */
static void roff_sentence(ps_output *out, const char *text) {
    char first[2] = {text[0], '\0'};
    if (first[0] >= 'a' && first[0] <= 'z') first[0] = (char)(first[0] - 'a' + 'A');
    bool is_name = strncmp(text, "police.uk", 9) == 0;
    roff(out, is_name ? "p" : first);
    roff(out, text + 1);
    roff(out, ".");
}

static void roff_option(ps_output *out, const ps_opt *option) {
    ps_output_text(out, ".TP\n");
    if (option->letter != 0) ps_output_printf(out, "\\fB\\-%c\\fR, ", option->letter);
    ps_output_text(out, "\\fB\\-\\-");
    roff(out, option->name);
    ps_output_text(out, "\\fR");
    if (ps_opt_takes_value(option)) {
        buffer value = {.n = 0};
        add_value(&value, option);
        ps_output_text(out, option->kind == PS_OPT_CHOICE ? " \\fB" : " \\fI");
        roff(out, value.text);
        ps_output_text(out, "\\fR");
    }
    ps_output_text(out, "\n");
    roff_sentence(out, option->help);
    if (option->fallback != NULL) {
        ps_output_text(out, " Without it: ");
        roff(out, option->fallback);
        ps_output_text(out, ".");
    }
    if (option->environment != NULL) {
        ps_output_text(out, " Without it the variable \\fB");
        roff(out, option->environment);
        ps_output_text(out, "\\fR is asked.");
    }
    ps_output_text(out, "\n");
    if (option->detail != NULL) {
        roff(out, option->detail);
        ps_output_text(out, "\n");
    }
}

static void roff_command(ps_output *out, const ps_command *command) {
    buffer use = {.n = 0};
    add_use(&use, command);
    ps_output_printf(out, ".SS %s\n.nh\n", command->name);
    roff(out, use.text);
    ps_output_text(out, "\n.hy\n.PP\n");
    roff_sentence(out, command->summary);
    ps_output_text(out, "\n");
    if (command->detail != NULL) roff_paragraph(out, command->detail);
    if (command->operand.kind != PS_OPERAND_NONE) {
        ps_output_text(out, ".TP\n\\fI");
        roff(out, command->operand.name);
        ps_output_text(out, "\\fR\n");
        roff_sentence(out, command->operand.help);
        ps_output_text(out, "\n");
    }
    for (size_t i = 0; i < command->n_options; i++) roff_option(out, &command->option[i]);
}

static void roff_environment(ps_output *out) {
    const ps_opt *option;
    size_t n = ps_general_options(&option);
    ps_output_text(out, ".SH ENVIRONMENT\n");
    for (size_t i = 0; i < n; i++) {
        if (option[i].environment == NULL) continue;
        ps_output_text(out, ".TP\n\\fB");
        roff(out, option[i].environment);
        ps_output_text(out, "\\fR\nThe value of \\fB\\-\\-");
        roff(out, option[i].name);
        ps_output_text(out, "\\fR when that is not given.\n");
    }
    ps_output_text(
        out,
        ".TP\n\\fBPLACESTAT_CACHE\\fR\nA folder, by its absolute path, in which "
        "boundaries and their indexes are kept ready to be mapped, keyed by the "
        "content of their sources, and by \\fBrun\\fR what each text of incidents came "
        "to, keyed by its content and all that its counts follow from, so that the rows "
        "of a text that was counted before need not be read again; anything else, such "
        "as off, keeps nothing. Without "
        "it the folder is placestat in that of \\fBXDG_CACHE_HOME\\fR, or "
        ".cache/placestat in that of \\fBHOME\\fR. Results are the same with and "
        "without. Files in it may be removed at any time.\n"
        ".TP\n\\fBPLACESTAT_CACHE_MB\\fR\nThe most that these files may take, in "
        "millions of bytes, 2000 when it is not set. Those that were not used for the "
        "longest time make room for new ones.\n"
        ".TP\n\\fBNO_COLOR\\fR\nWhen set and not empty: no colours.\n"
        ".TP\n\\fBTERM\\fR\nWhen it is dumb or not set, no line is drawn "
        "again: progress is a log.\n");
}

static void roff_examples(ps_output *out, const ps_command *const *command, size_t n) {
    ps_output_text(out, ".SH EXAMPLES\n");
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < command[i]->n_examples; j++) {
            const ps_example *example = &command[i]->example[j];
            ps_output_text(out, ".PP\n");
            roff_sentence(out, example->meaning);
            ps_output_text(out, "\n.PP\n.RS 4\n.nh\n");
            roff(out, example->command);
            ps_output_text(out, "\n.hy\n.RE\n");
        }
    }
}

void ps_page_manual(ps_output *out) {
    const ps_command *const *command;
    const ps_opt *option;
    const ps_exit_meaning *meaning;
    size_t n = ps_commands(&command), n_general = ps_general_options(&option);
    size_t n_meanings = ps_exit_meanings(&meaning);
    ps_output_text(out, ".TH PLACESTAT 1 \"\" \"placestat " PS_VERSION
                        "\"\n.SH NAME\nplacestat \\- neighbourhood indicators from "
                        "boundaries, incidents and tables\n.SH SYNOPSIS\n.nh\n");
    for (size_t i = 0; i < n; i++) {
        buffer use = {.n = 0};
        add_use(&use, command[i]);
        roff(out, use.text);
        ps_output_text(out, i + 1 < n ? "\n.br\n" : "\n.hy\n");
    }
    ps_output_text(out, ".SH DESCRIPTION\n");
    roff(out, description);
    ps_output_text(out,
                   "\n.PP\nOptions may stand anywhere behind the command, as "
                   "\\fB\\-\\-name\\fR \\fIvalue\\fR or "
                   "\\fB\\-\\-name=\\fR\\fIvalue\\fR; \\fB\\-\\-\\fR ends them.\n"
                   ".SH COMMANDS\n");
    for (size_t i = 0; i < n; i++) roff_command(out, command[i]);
    ps_output_text(out, ".SH OPTIONS OF EVERY COMMAND\n");
    for (size_t i = 0; i < n_general; i++) roff_option(out, &option[i]);
    ps_output_text(out, ".SH EXIT STATUS\n");
    for (size_t i = 0; i < n_meanings; i++) {
        ps_output_printf(out, ".TP\n%d\n", meaning[i].code);
        roff_sentence(out, meaning[i].meaning);
        ps_output_text(out, "\n");
    }
    roff_environment(out);
    roff_examples(out, command, n);
    ps_output_text(
        out, ".SH SEE ALSO\n.BR placestat\\-job (5),\n.BR placestat\\-methods (7)\n");
}

/* A column or parameter: its name, what it may be, its meaning. */
static void roff_field(ps_output *out, const char *name, const char *form,
                       const char *meaning) {
    ps_output_text(out, ".TP\n\\fB");
    roff(out, name);
    ps_output_text(out, "\\fR");
    if (form[0] != '\0') ps_output_text(out, " ");
    roff(out, form);
    ps_output_text(out, "\n");
    roff(out, meaning);
    ps_output_text(out, ".\n");
}

static void roff_param(ps_output *out, const ps_method_param *param) {
    buffer form = {.n = 0};
    if (param->choices != NULL) add(&form, param->choices);
    if (param->least <= param->most) {
        char bound[32];
        ps_format_double(param->least, bound);
        add(&form, bound);
        add(&form, " to ");
        ps_format_double(param->most, bound);
        add(&form, bound);
    }
    if (param->fallback == NULL)
        add(&form, " (needed)");
    else if (param->fallback[0] != '\0') {
        add(&form, form.n > 0 ? " [" : "[");
        add(&form, param->fallback);
        add(&form, "]");
    }
    roff_field(out, param->name, form.text, param->meaning);
}

static void roff_method(ps_output *out, const ps_method *method) {
    ps_output_printf(out, ".SH %s\n", method->id);
    roff_sentence(out, method->title);
    ps_output_text(out, "\n");
    roff_paragraph(out, method->formula);
    ps_output_text(out, ".PP\nSource: ");
    roff(out, method->source);
    ps_output_text(out, ".\n");
    if (method->evidence != NULL) {
        ps_output_text(out, ".PP\nChecked against: ");
        roff(out, method->evidence);
        ps_output_text(out, ".\n");
    }
    ps_output_text(out, ".SS Input\n");
    for (size_t i = 0; i < method->n_input; i++)
        roff_field(out, method->input[i].name,
                   method->input[i].required ? "" : "(optional)",
                   method->input[i].meaning);
    if (method->n_param > 0) ps_output_text(out, ".SS Parameters\n");
    for (size_t i = 0; i < method->n_param; i++) roff_param(out, &method->param[i]);
    ps_output_text(out, ".SS Output\n");
    for (size_t i = 0; i < method->n_output; i++)
        roff_field(out, method->output[i].name, "", method->output[i].meaning);
}

void ps_page_methods(ps_output *out) {
    const ps_method *const *methods;
    size_t n = ps_methods(&methods);
    ps_output_text(out, ".TH PLACESTAT\\-METHODS 7 \"\" \"placestat " PS_VERSION
                        "\"\n.SH NAME\nplacestat\\-methods \\- statistical methods of "
                        "placestat compute\n.SH DESCRIPTION\n");
    roff(
        out,
        "`placestat compute METHOD INPUT.csv -p NAME=VALUE -o OUT.csv` runs any of these "
        "methods on a plain table. A figure that does not exist is an empty cell; the "
        "status says why: ok, missing (an input is missing), undefined (0/0, a zero "
        "denominator, no variation), unbounded (a limit is infinite), small-base, "
        "suppressed-primary, suppressed-secondary, not-applicable, "
        "denominator-zero-with-events. Ranks are competition ranks (1, 2, 2, 4). In the "
        "formulas a is 1 - confidence, z the normal quantile of 1 - a/2, m the "
        "multiplier. Parameters stand with their range or choices and, in brackets, the "
        "value without them.");
    ps_output_text(out, "\n");
    for (size_t i = 0; i < n; i++) roff_method(out, methods[i]);
    ps_output_text(out, ".SH SEE ALSO\n.BR placestat (1)\n");
}

static void print_names(ps_output *out, const ps_opt *option, size_t n) {
    for (size_t i = 0; i < n; i++) {
        ps_output_printf(out, " --%s", option[i].name);
        if (option[i].letter != 0) ps_output_printf(out, " -%c", option[i].letter);
    }
}

static void print_choices(ps_output *out, const char *const *choices) {
    for (size_t i = 0; choices[i] != NULL; i++)
        ps_output_printf(out, "%s%s", i > 0 ? " " : "", choices[i]);
}

/* A branch of `case "$command $previous"` for one option that takes a value. */
static void print_value_branch(ps_output *out, const char *command,
                               const ps_opt *option) {
    if (!ps_opt_takes_value(option)) return;
    ps_output_printf(out, "    %s\\ --%s", command, option->name);
    if (option->letter != 0) ps_output_printf(out, "|%s\\ -%c", command, option->letter);
    ps_output_text(out, ")\n      ");
    if (option->kind == PS_OPT_CHOICE) {
        ps_output_text(out, "words='");
        print_choices(out, option->choices);
        ps_output_text(out, "' ;;\n");
    } else if (option->kind == PS_OPT_FILE) {
        ps_output_text(out, "kind=file ;;\n");
    } else if (option->kind == PS_OPT_FOLDER) {
        ps_output_text(out, "kind=folder ;;\n");
    } else {
        ps_output_text(out, "kind=text ;;\n");
    }
}

static void print_command_branch(ps_output *out, const ps_command *command) {
    const ps_opt *general;
    size_t n = ps_general_options(&general);
    ps_output_printf(out, "    %s)\n      options='", command->name);
    print_names(out, command->option, command->n_options);
    print_names(out, general, n);
    ps_output_text(out, "'\n      ");
    switch (command->operand.kind) {
        case PS_OPERAND_FILE:
            ps_output_text(out, "kind=file ;;\n");
            break;
        case PS_OPERAND_CHOICE:
            ps_output_text(out, "words='");
            print_choices(out, command->operand.choices);
            ps_output_text(out, "' ;;\n");
            break;
        case PS_OPERAND_COMMAND:
            ps_output_text(out, "words=$commands ;;\n");
            break;
        case PS_OPERAND_NONE:
            ps_output_text(out, ";;\n");
            break;
    }
}

void ps_page_completion(ps_output *out) {
    const ps_command *const *command;
    const ps_opt *general;
    size_t n = ps_commands(&command), n_general = ps_general_options(&general);
    ps_output_text(out,
                   "# bash completion for placestat, made from its option tables\n"
                   "_placestat() {\n"
                   "  local commands='");
    for (size_t i = 0; i < n; i++)
        ps_output_printf(out, "%s%s", i > 0 ? " " : "", command[i]->name);
    ps_output_text(out,
                   "'\n"
                   "  local word=${COMP_WORDS[COMP_CWORD]} previous= command= options= "
                   "words= kind=\n"
                   "  local i=1 end=$COMP_CWORD\n"
                   "  COMPREPLY=()\n"
                   "  # --name=value comes as three words\n"
                   "  [[ $word == '=' ]] && word= && ((end++))\n"
                   "  if [[ ${COMP_WORDS[end-1]} == '=' ]]; then\n"
                   "    previous=${COMP_WORDS[end-2]}\n"
                   "  else\n"
                   "    previous=${COMP_WORDS[end-1]}\n"
                   "  fi\n"
                   "  for ((; i < COMP_CWORD; i++)); do\n"
                   "    case ${COMP_WORDS[i]} in\n");
    for (size_t i = 0; i < n; i++)
        ps_output_printf(out, "%s%s", i > 0 ? "|" : "      ", command[i]->name);
    ps_output_text(out,
                   ") command=${COMP_WORDS[i]}; break ;;\n"
                   "    esac\n"
                   "  done\n"
                   "  case $command in\n");
    for (size_t i = 0; i < n; i++) print_command_branch(out, command[i]);
    ps_output_text(out, "    *)\n      words=$commands options='");
    print_names(out, general, n_general);
    ps_output_text(out,
                   " --version' ;;\n"
                   "  esac\n"
                   "  local operands=$words operand_kind=$kind\n"
                   "  words= kind=\n"
                   "  case \"$command $previous\" in\n");
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < command[i]->n_options; j++)
            print_value_branch(out, command[i]->name, &command[i]->option[j]);
    }
    for (size_t i = 0; i < n_general; i++) print_value_branch(out, "*", &general[i]);
    ps_output_text(
        out,
        "    *)\n"
        "      if [[ $word == -* ]]; then words=$options\n"
        "      else words=$operands kind=$operand_kind; fi ;;\n"
        "  esac\n"
        "  case $kind in\n"
        "    file) mapfile -t COMPREPLY < <(compgen -f -- \"$word\") ;;\n"
        "    folder) mapfile -t COMPREPLY < <(compgen -d -- \"$word\") ;;\n"
        "    text) ;;\n"
        "    *) mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\") ;;\n"
        "  esac\n"
        "  [[ $kind == file || $kind == folder ]] && compopt -o filenames 2>/dev/null\n"
        "  return 0\n"
        "}\n"
        "complete -F _placestat placestat\n");
}
