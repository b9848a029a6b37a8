#include "indicators/value.h"

const char *ps_value_status_text(ps_value_status status) {
    switch (status) {
        case PS_VALUE_OK:
            return "ok";
        case PS_VALUE_MISSING:
            return "missing";
        case PS_VALUE_UNDEFINED:
            return "undefined";
        case PS_VALUE_UNBOUNDED:
            return "unbounded";
        case PS_VALUE_SMALL_BASE:
            return "small-base";
        case PS_VALUE_SUPPRESSED:
            return "suppressed";
        case PS_VALUE_SUPPRESSED_PRIMARY:
            return "suppressed-primary";
        case PS_VALUE_SUPPRESSED_SECONDARY:
            return "suppressed-secondary";
        case PS_VALUE_NOT_APPLICABLE:
            return "not-applicable";
        case PS_VALUE_DENOMINATOR_ZERO:
            return "denominator-zero-with-events";
    }
    return "undefined";
}

ps_value_status ps_value_status_find(ps_str name, ps_value_status otherwise) {
    for (int status = PS_VALUE_OK + 1; status <= PS_VALUE_DENOMINATOR_ZERO; status++)
        if (ps_str_is(name, ps_value_status_text((ps_value_status)status)))
            return (ps_value_status)status;
    return otherwise;
}
