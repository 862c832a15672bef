//! A provider in Rust, as a plug-in, without any crate: it collects the words of the conversation.
//! Its engine has a thread of its own, which emits.
//!
//!     rustc --edition 2021 -O --crate-type cdylib magpie.rs -o magpie.so
//!     beluga --plugin ./magpie.so -m magpie/nest "shiny ring and shiny spoon"
#![allow(non_camel_case_types, non_upper_case_globals)]
use std::ffi::{c_char, c_int, c_void};
use std::mem::{size_of, transmute, zeroed};
use std::ptr::{null, null_mut};

// ---- the part of <beluga/provider/plugin.h> that is used here ------------------------------------

#[repr(C)]
struct beluga_plugin_host {
    size: usize,
    abi: u32,
    version: u32,
    find: unsafe extern "C" fn(*const c_char) -> *const c_void,
}
#[repr(C)]
struct beluga_plugin {
    size: usize,
    abi: u32,
    version: u32,
    host_size: usize, // no more of the table than `find` is needed
    host: *mut *const beluga_plugin_host,
    providers: *const *const beluga_provider,
    init: Option<unsafe extern "C" fn(*mut c_void) -> c_int>,
    reserved: [*const c_void; 4],
}
#[repr(C)]
struct beluga_provider {
    size: usize,
    abi: u32,
    framing: u32,
    name: *const c_char,
    metric_prefix: *const c_char,
    default_model: *const c_char,
    capabilities: u64,
    options: *const c_void,
    http: [*const c_void; 12], // base_url to decode_list_models, for models behind HTTP
    open: *const c_void,
    close: *const c_void,
    start: Option<unsafe extern "C" fn(*mut c_void, Call, Emit, *mut c_void) -> c_int>,
    cancel: Option<unsafe extern "C" fn(*mut c_void, Emit)>,
}
unsafe impl Sync for beluga_plugin {}
unsafe impl Sync for beluga_provider {}
type Call = *const c_void;
type Message = *const c_void;
#[derive(Clone, Copy)]
#[repr(transparent)]
struct Emit(*mut c_void);
unsafe impl Send for Emit {} // one that was attached, as below, may be used by any thread
const STREAM: u64 = 1 << 0;
const LOCAL: u64 = 1 << 10;
const FINISH_STOP: c_int = 1;

macro_rules! functions {
    ($($name:ident: fn($($argument:ty),*) $(-> $result:ty)?;)*) => {
        #[derive(Clone, Copy)]
        struct Functions { $($name: unsafe extern "C" fn($($argument),*) $(-> $result)?),* }
        impl Functions {
            /// Looks each function up, and gives None when the library lacks one.
            unsafe fn new(host: &beluga_plugin_host) -> Option<Functions> {
                $(let $name = (host.find)(concat!(stringify!($name), "\0").as_ptr().cast());)*
                if [$($name),*].contains(&null()) { return None; }
                Some(Functions { $($name: transmute($name)),* })
            }
        }
    };
}
functions! {
    beluga_call_message_count: fn(Call) -> usize;
    beluga_call_message: fn(Call, usize) -> Message;
    beluga_message_text: fn(Message, *mut usize) -> *const c_char;
    beluga_emit_attach: fn(Emit, *mut Emit, *const c_void, *mut c_void, *const c_void) -> c_int;
    beluga_emit_detach: fn(Emit, c_int);
    beluga_emit_text: fn(Emit, *const c_char, usize) -> c_int;
    beluga_emit_finish: fn(Emit, c_int, *const c_char) -> c_int;
    beluga_error_set_text: fn(*mut c_void, c_int, *const c_char, usize) -> c_int;
}

// ---- the provider --------------------------------------------------------------------------------

const INVALID_INPUT: c_int = -10;
const NOT_SUPPORTED: c_int = -28;

unsafe fn text_of<'a>(f: &Functions, message: Message) -> &'a str {
    let mut length = 0;
    let text = (f.beluga_message_text)(message, &mut length);
    std::str::from_utf8_unchecked(std::slice::from_raw_parts(text.cast(), length))
}

/// The words in the order in which they came, each once.
fn collect(texts: &[&str]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for word in texts.iter().flat_map(|text| text.split_whitespace()) {
        if !found.iter().any(|other| other == word) {
            found.push(word.to_string());
        }
    }
    found
}

/// Runs on a thread of its own; emitting fails when the call is over.
fn answer(f: Functions, to: Emit, words: Vec<String>) {
    let mut status = 0;
    for (i, word) in words.iter().enumerate() {
        let piece = if i == 0 {
            word.clone()
        } else {
            format!(" {word}")
        };
        status = unsafe { (f.beluga_emit_text)(to, piece.as_ptr().cast(), piece.len()) };
        if status != 0 {
            break;
        }
    }
    unsafe {
        if status == 0 {
            status = (f.beluga_emit_finish)(to, FINISH_STOP, c"collected".as_ptr());
        }
        (f.beluga_emit_detach)(to, status);
    }
}

unsafe extern "C" fn start(_: *mut c_void, call: Call, emit: Emit, err: *mut c_void) -> c_int {
    let Some(f) = Functions::new(&*HOST) else {
        return NOT_SUPPORTED; // of an older library
    };
    let count = (f.beluga_call_message_count)(call);
    let texts: Vec<&str> = (0..count)
        .map(|i| text_of(&f, (f.beluga_call_message)(call, i)))
        .collect();
    let words = collect(&texts);
    if words.is_empty() {
        let why = "a magpie needs words to collect";
        return (f.beluga_error_set_text)(err, INVALID_INPUT, why.as_ptr().cast(), why.len());
    }
    let mut attached: Emit = zeroed();
    let status = (f.beluga_emit_attach)(emit, &mut attached, null(), null_mut(), null());
    if status == 0 {
        std::thread::spawn(move || answer(f, attached, words));
    }
    status
}

/// The thread finds out when it emits.
unsafe extern "C" fn cancel(_: *mut c_void, _: Emit) {}

static mut HOST: *const beluga_plugin_host = null();
static MAGPIE: beluga_provider = beluga_provider {
    size: size_of::<beluga_provider>(),
    abi: 1,
    name: c"magpie".as_ptr(),
    default_model: c"nest".as_ptr(),
    capabilities: STREAM | LOCAL,
    start: Some(start),
    cancel: Some(cancel),
    ..unsafe { zeroed() }
};
static PROVIDERS: [Option<&beluga_provider>; 2] = [Some(&MAGPIE), None];

#[no_mangle]
static beluga_plugin_main: beluga_plugin = beluga_plugin {
    size: size_of::<beluga_plugin>(),
    abi: 1,
    version: 1 << 8, // 0.1.0, the oldest library that has these functions
    host_size: size_of::<beluga_plugin_host>(),
    host: &raw mut HOST,
    providers: PROVIDERS.as_ptr().cast(),
    init: None,
    reserved: [null(); 4],
};
