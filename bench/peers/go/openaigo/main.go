package main

import (
	"context"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"

	"peers/common"
)

func open(url string) common.Client {
	client := openai.NewClient(option.WithBaseURL(url), option.WithAPIKey(common.Key), option.WithHTTPClient(common.HTTP()))
	question := func(prompt string) openai.ChatCompletionNewParams {
		return openai.ChatCompletionNewParams{
			Model:    "any",
			Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage(prompt)},
		}
	}
	return common.Client{
		Answer: func(prompt string) (string, error) {
			got, err := client.Chat.Completions.New(context.Background(), question(prompt))
			if err != nil {
				return "", err
			}
			return got.Choices[0].Message.Content, nil
		},
		Stream: func(prompt string, onText func()) error {
			stream := client.Chat.Completions.NewStreaming(context.Background(), question(prompt))
			defer stream.Close()
			for stream.Next() {
				chunk := stream.Current()
				if len(chunk.Choices) > 0 && chunk.Choices[0].Delta.Content != "" {
					onText()
				}
			}
			return stream.Err()
		},
	}
}

func main() { common.Serve(open) }
