/* What FreeBSD has under another name. The build includes this before each source for that system,
 * so that no other file asks which system it is. */
#ifndef BELUGA__SYSTEM_FREEBSD_H
#define BELUGA__SYSTEM_FREEBSD_H

#include <netinet/in.h>
#include <stdlib.h>
#include <sys/types.h>
#include <xlocale.h>

#define program_invocation_short_name getprogname()
#define MADV_DONTDUMP                 MADV_NOCORE

#endif
