/* Writes the manual page and the completion at build time:
 *   placestat_pages manual placestat.1 methods placestat-methods.7 completion
 *       placestat.bash */
#include <stdio.h>
#include <string.h>

#include "engine/cli/pages.h"

int main(int argc, char **argv) {
    for (int i = 1; i + 1 < argc; i += 2) {
        ps_error err = {0};
        ps_output *out = NULL;
        ps_status status = ps_output_open(argv[i + 1], &out, &err);
        if (status == PS_OK) {
            if (strcmp(argv[i], "manual") == 0)
                ps_page_manual(out);
            else if (strcmp(argv[i], "methods") == 0)
                ps_page_methods(out);
            else
                ps_page_completion(out);
            status = ps_output_commit(out, &err);
        }
        if (status != PS_OK) {
            fprintf(stderr, "placestat_pages: %s\n", err.text);
            return 1;
        }
    }
    return 0;
}
