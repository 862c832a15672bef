package main

import (
	"context"

	"github.com/tmc/langchaingo/llms"
	"github.com/tmc/langchaingo/llms/openai"

	"peers/common"
)

func open(url string) common.Client {
	model, err := openai.New(openai.WithBaseURL(url), openai.WithToken(common.Key), openai.WithModel("any"),
		openai.WithHTTPClient(common.HTTP()))
	common.Must(err)
	question := func(prompt string) []llms.MessageContent {
		return []llms.MessageContent{llms.TextParts(llms.ChatMessageTypeHuman, prompt)}
	}
	return common.Client{
		Answer: func(prompt string) (string, error) {
			got, err := model.GenerateContent(context.Background(), question(prompt))
			if err != nil {
				return "", err
			}
			return got.Choices[0].Content, nil
		},
		Stream: func(prompt string, onText func()) error {
			each := func(_ context.Context, chunk []byte) error {
				if len(chunk) > 0 {
					onText()
				}
				return nil
			}
			_, err := model.GenerateContent(context.Background(), question(prompt), llms.WithStreamingFunc(each))
			return err
		},
	}
}

func main() { common.Serve(open) }
