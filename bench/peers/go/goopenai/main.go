package main

import (
	"context"

	openai "github.com/sashabaranov/go-openai"

	"peers/common"
)

func open(url string) common.Client {
	config := openai.DefaultConfig(common.Key)
	config.BaseURL = url
	config.HTTPClient = common.HTTP()
	client := openai.NewClientWithConfig(config)
	question := func(prompt string) openai.ChatCompletionRequest {
		return openai.ChatCompletionRequest{
			Model:    "any",
			Messages: []openai.ChatCompletionMessage{{Role: openai.ChatMessageRoleUser, Content: prompt}},
		}
	}
	return common.Client{
		Answer: func(prompt string) (string, error) {
			got, err := client.CreateChatCompletion(context.Background(), question(prompt))
			if err != nil {
				return "", err
			}
			return got.Choices[0].Message.Content, nil
		},
		Stream: func(prompt string, onText func()) error {
			stream, err := client.CreateChatCompletionStream(context.Background(), question(prompt))
			if err != nil {
				return err
			}
			defer stream.Close()
			return common.Receive(stream.Recv, func(chunk openai.ChatCompletionStreamResponse) {
				if len(chunk.Choices) > 0 && chunk.Choices[0].Delta.Content != "" {
					onText()
				}
			})
		},
	}
}

func main() { common.Serve(open) }
