use async_openai::{
    config::OpenAIConfig,
    types::chat::{
        ChatCompletionRequestUserMessageArgs, CreateChatCompletionRequest, CreateChatCompletionRequestArgs,
    },
};
use futures::StreamExt;
use peers::{Asked, Client, KEY};
use std::rc::Rc;

struct Peer(async_openai::Client<OpenAIConfig>);

fn question(prompt: String) -> CreateChatCompletionRequest {
    let message = ChatCompletionRequestUserMessageArgs::default().content(prompt).build().unwrap();
    CreateChatCompletionRequestArgs::default().model("any").messages([message.into()]).build().unwrap()
}

impl Client for Peer {
    fn answer(&self, prompt: String) -> Asked<'_, String> {
        Box::pin(async move {
            let got = self.0.chat().create(question(prompt)).await.unwrap();
            got.choices.into_iter().next().unwrap().message.content.unwrap()
        })
    }

    fn stream(&self, prompt: String) -> Asked<'_, usize> {
        Box::pin(async move {
            let mut stream = self.0.chat().create_stream(question(prompt)).await.unwrap();
            let mut texts = 0;
            while let Some(chunk) = stream.next().await {
                let chunk = chunk.unwrap();
                let text = chunk.choices.first().and_then(|c| c.delta.content.as_deref());
                texts += usize::from(text.is_some_and(|t| !t.is_empty()));
            }
            texts
        })
    }
}

fn main() {
    peers::serve(|url| {
        let config = OpenAIConfig::new().with_api_base(url).with_api_key(KEY);
        Rc::new(Peer(async_openai::Client::with_config(config)))
    });
}
