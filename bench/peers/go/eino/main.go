package main

import (
	"context"

	"github.com/cloudwego/eino-ext/components/model/openai"
	"github.com/cloudwego/eino/schema"

	"peers/common"
)

func open(url string) common.Client {
	background := context.Background()
	model, err := openai.NewChatModel(background, &openai.ChatModelConfig{
		BaseURL: url, APIKey: common.Key, Model: "any", HTTPClient: common.HTTP(),
	})
	common.Must(err)
	question := func(prompt string) []*schema.Message {
		return []*schema.Message{schema.UserMessage(prompt)}
	}
	return common.Client{
		Answer: func(prompt string) (string, error) {
			got, err := model.Generate(background, question(prompt))
			if err != nil {
				return "", err
			}
			return got.Content, nil
		},
		Stream: func(prompt string, onText func()) error {
			stream, err := model.Stream(background, question(prompt))
			if err != nil {
				return err
			}
			defer stream.Close()
			return common.Receive(stream.Recv, func(chunk *schema.Message) {
				if chunk.Content != "" {
					onText()
				}
			})
		},
	}
}

func main() { common.Serve(open) }
