/* Defines names that FreeBSD lacks. The build includes this header before each source for FreeBSD,
 * so that no other file has to ask for the system. */
#ifndef BELUGA__SYSTEM_FREEBSD_H
#define BELUGA__SYSTEM_FREEBSD_H

#include <netinet/in.h>
#include <stdlib.h>
#include <sys/types.h>
#include <xlocale.h>

#define program_invocation_short_name getprogname()
#define MADV_DONTDUMP                 MADV_NOCORE

#endif
