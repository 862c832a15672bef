use futures::StreamExt;
use genai::adapter::AdapterKind;
use genai::chat::{ChatMessage, ChatRequest, ChatStreamEvent};
use genai::resolver::{AuthData, Endpoint, ServiceTargetResolver};
use genai::{ModelIden, ServiceTarget};
use peers::{Asked, Client, KEY};
use std::rc::Rc;

struct Peer(genai::Client);

fn question(prompt: String) -> ChatRequest {
    ChatRequest::new(vec![ChatMessage::user(prompt)])
}

impl Client for Peer {
    fn answer(&self, prompt: String) -> Asked<'_, String> {
        Box::pin(async move {
            let got = self.0.exec_chat("any", question(prompt), None).await.unwrap();
            got.first_text().unwrap().to_string()
        })
    }

    fn stream(&self, prompt: String) -> Asked<'_, usize> {
        Box::pin(async move {
            let mut stream = self.0.exec_chat_stream("any", question(prompt), None).await.unwrap().stream;
            let mut texts = 0;
            while let Some(event) = stream.next().await {
                if let ChatStreamEvent::Chunk(chunk) = event.unwrap() {
                    texts += usize::from(!chunk.content.is_empty());
                }
            }
            texts
        })
    }
}

fn open(url: &str) -> Rc<dyn Client> {
    let url = format!("{url}/");
    let resolver = ServiceTargetResolver::from_resolver_fn(
        move |target: ServiceTarget| -> Result<ServiceTarget, genai::resolver::Error> {
            Ok(ServiceTarget {
                endpoint: Endpoint::from_owned(url.clone()),
                auth: AuthData::from_single(KEY),
                model: ModelIden::new(AdapterKind::OpenAI, target.model.model_name),
            })
        },
    );
    let client = genai::Client::builder().with_service_target_resolver(resolver).build().unwrap();
    Rc::new(Peer(client))
}

fn main() {
    peers::serve(open);
}
