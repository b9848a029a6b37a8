/* Whose data they are, which decides how small figures are treated. */
#ifndef PS_RUN_DISCLOSURE_H
#define PS_RUN_DISCLOSURE_H

typedef enum ps_disclosure_class {
    PS_DISCLOSURE_PUBLIC, /* published by its owner already, as police.uk */
    PS_DISCLOSURE_COUNCIL,
    PS_DISCLOSURE_PARTNER,
    PS_DISCLOSURE_SURVEY,
    PS_DISCLOSURE_SENSITIVE /* domestic abuse, hate crime, modern slavery, deaths */
} ps_disclosure_class;

/* "public", "council", ... */
const char *ps_disclosure_class_text(ps_disclosure_class disclosure);

#endif
