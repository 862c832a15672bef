//! Does the jobs of bench/peers/run: reads one per line from standard input, asks a client so often,
//! and prints what that cost.
use serde::{Deserialize, Serialize};
use std::alloc::{GlobalAlloc, Layout, System};
use std::collections::HashMap;
use std::future::Future;
use std::io::BufRead;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;

/// What the server is told; it takes any.
pub const KEY: &str = "sk-0123456789abcdef";

pub type Asked<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// Asks a model one question.
pub trait Client {
    fn answer(&self, prompt: String) -> Asked<'_, String>;
    /// Returns how many pieces of text came.
    fn stream(&self, prompt: String) -> Asked<'_, usize>;
}

#[derive(Deserialize)]
struct Job {
    url: String,
    #[serde(default)]
    stream: bool,
    #[serde(default)]
    calls: usize,
    at_once: usize,
    #[serde(default)]
    prompt_bytes: usize,
    #[serde(default)]
    fresh: bool,
    lines: Option<String>,
    out: Option<String>,
}

#[derive(Serialize)]
struct Cost {
    cpu_us: f64,
    wall_us: f64,
    events: usize,
    bytes: u64,
}

/// The system's allocator, and how many bytes were asked of it.
struct Counting;
static ALLOCATED: AtomicU64 = AtomicU64::new(0);

unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.fetch_add(layout.size() as u64, Relaxed);
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        unsafe { System.dealloc(at, layout) }
    }
    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATED.fetch_add(size.saturating_sub(layout.size()) as u64, Relaxed);
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn cpu_us() -> f64 {
    let mut r: libc::rusage = unsafe { std::mem::zeroed() };
    unsafe { libc::getrusage(libc::RUSAGE_SELF, &mut r) };
    let us = |t: libc::timeval| t.tv_sec as f64 * 1e6 + t.tv_usec as f64;
    us(r.ru_utime) + us(r.ru_stime)
}

/// So many at once on this thread, as they come; adds up what they return.
async fn spread<'a, F>(n: usize, at_once: usize, work: F) -> usize
where
    F: Fn(usize) -> Asked<'a, usize>,
{
    use futures::StreamExt;
    let all = futures::stream::iter(0..n).map(|i| work(i));
    all.buffer_unordered(at_once).fold(0, |sum, k| async move { sum + k }).await
}

async fn calls(job: &Job, client: Rc<dyn Client>, open: &dyn Fn(&str) -> Rc<dyn Client>) -> usize {
    let prompt = match job.prompt_bytes {
        0 => "Say hello".to_string(),
        n => "word ".repeat(n / 5),
    };
    spread(job.calls, job.at_once, |_| {
        let (prompt, streamed) = (prompt.clone(), job.stream);
        let client = if job.fresh { open(&job.url) } else { client.clone() };
        Box::pin(async move {
            match streamed {
                true => client.stream(prompt).await,
                false => client.answer(prompt).await.len().min(1),
            }
        })
    })
    .await
}

/// Asks what each line of a file has as "text", and writes the answers with the lines' numbers.
async fn batch(job: &Job, lines: &str, client: Rc<dyn Client>) -> usize {
    use std::io::Write;
    let text = std::fs::read_to_string(lines).unwrap();
    let out = std::fs::File::create(job.out.as_ref().unwrap()).unwrap();
    let lines: Rc<Vec<String>> = Rc::new(text.lines().map(str::to_string).collect());
    let out = Rc::new(out);
    spread(lines.len(), job.at_once, |i| {
        let (lines, out, client) = (lines.clone(), out.clone(), client.clone());
        Box::pin(async move {
            let line: serde_json::Value = serde_json::from_str(&lines[i]).unwrap();
            let answer = client.answer(line["text"].as_str().unwrap().to_string()).await;
            let row = serde_json::json!({"index": i, "text": answer});
            writeln!(&*out, "{row}").unwrap();
            1
        })
    })
    .await
}

/// Does jobs until standard input ends, on one thread, as our loop does. A client is opened for each
/// server once.
pub fn serve(open: impl Fn(&str) -> Rc<dyn Client>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut clients: HashMap<String, Rc<dyn Client>> = HashMap::new();
    runtime.block_on(async {
        for line in std::io::stdin().lock().lines() {
            let job: Job = serde_json::from_str(&line.unwrap()).unwrap();
            let client = clients.entry(job.url.clone()).or_insert_with(|| open(&job.url)).clone();
            let (bytes, started, cpu) = (ALLOCATED.load(Relaxed), Instant::now(), cpu_us());
            let events = match &job.lines {
                Some(lines) => batch(&job, lines, client).await,
                None => calls(&job, client, &open).await,
            };
            let cost = Cost {
                cpu_us: cpu_us() - cpu,
                wall_us: started.elapsed().as_nanos() as f64 / 1e3,
                events,
                bytes: ALLOCATED.load(Relaxed) - bytes,
            };
            println!("{}", serde_json::to_string(&cost).unwrap());
        }
    });
}
