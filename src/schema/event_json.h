/* Events as JSON, one object each, so that an answer can be kept and given again. */
#ifndef BELUGA__EVENT_JSON_H
#define BELUGA__EVENT_JSON_H

#include <beluga/event.h>
#include <beluga/provider/json.h>

/* Write what belongs to an answer: METADATA, its content, USAGE and FINISH. Returns false, and
 * writes nothing, for the others. */
bool beluga__event_to_json(beluga_json_writer *w, const beluga_event *event);
/* Read one; what it points to is the document's. Returns false for what is none. */
bool beluga__event_from_json(const beluga_json *object, beluga_event *event);

#endif
