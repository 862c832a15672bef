/* Writes events as JSON objects and reads them, so that an answer can be stored and replayed. */
#ifndef BELUGA__EVENT_JSON_H
#define BELUGA__EVENT_JSON_H

#include <beluga/event.h>
#include <beluga/provider/json.h>

/* Write an event that belongs to an answer: METADATA, content, USAGE or FINISH. For other events
 * this writes nothing and returns false. */
bool beluga__event_to_json(beluga_json_writer *w, const beluga_event *event);
/* Read an event; it points into the document. Returns false if the object is not an event. */
bool beluga__event_from_json(const beluga_json *object, beluga_event *event);

#endif
