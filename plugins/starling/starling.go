// A provider in Go, as a plug-in: it answers in capitals. table.c has its table.
//
//	go build -buildmode=c-shared -o starling.so .
//	beluga --plugin ./starling.so -m starling/loud "Good morning"
package main

// #cgo pkg-config: beluga-provider
// #include <beluga/provider/provider.h>
// static inline const char *last_text(const beluga_call *call, size_t *length)
// {
//     return beluga_message_text(beluga_call_message(call, beluga_call_message_count(call) - 1), length);
// }
// static inline int say(beluga_emit *emit, _GoString_ text)
// {
//     int status = beluga_emit_text(emit, _GoStringPtr(text), _GoStringLen(text));
//     return status ? status : beluga_emit_finish(emit, BELUGA_FINISH_STOP, "said");
// }
// static inline int fail(beluga_error *err, int code, _GoString_ text)
// {
//     return beluga_error_set_text(err, code, _GoStringPtr(text), _GoStringLen(text));
// }
import "C"

import (
	"strings"
	"unsafe"
)

//export starling_start
func starling_start(self unsafe.Pointer, call *C.beluga_call, emit *C.beluga_emit, err *C.beluga_error) C.int {
	var length C.size_t
	text := C.last_text(call, &length)
	if length == 0 {
		return C.fail(err, C.BELUGA_ERROR_INVALID_INPUT, "a starling needs something to repeat")
	}
	return C.say(emit, strings.ToUpper(C.GoStringN(text, C.int(length))))
}

//export starling_cancel
func starling_cancel(self unsafe.Pointer, emit *C.beluga_emit) {}

func main() {}
