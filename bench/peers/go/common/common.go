// Package common does the jobs of bench/peers/run: it reads one per line from standard input, asks a
// client so often, and prints what that cost.
package common

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Key is what the server is told; it takes any.
const Key = "sk-0123456789abcdef"

// A Client asks a model one question.
type Client struct {
	Answer func(prompt string) (string, error)
	Stream func(prompt string, onText func()) error
}

type job struct {
	URL         string `json:"url"`
	Stream      bool   `json:"stream"`
	Calls       int    `json:"calls"`
	AtOnce      int    `json:"at_once"`
	PromptBytes int    `json:"prompt_bytes"`
	Lines       string `json:"lines"`
	Out         string `json:"out"`
	Fresh       bool   `json:"fresh"`
}

type result struct {
	CPU    float64 `json:"cpu_us"`
	Wall   float64 `json:"wall_us"`
	Events int     `json:"events"`
	Bytes  uint64  `json:"bytes"`
}

// Must ends the program where something failed.
func Must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// HTTP keeps as many idle connections as calls may be in flight. Go keeps two a host, which would
// measure connecting.
func HTTP() *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConns = 0
	t.MaxIdleConnsPerHost = 4096
	return &http.Client{Transport: t}
}

// Receive passes on what a stream gives until it ends.
func Receive[T any](next func() (T, error), each func(T)) error {
	for {
		chunk, err := next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		each(chunk)
	}
}

// Serve does jobs until standard input ends. A client is opened for each server once, or for each call
// of a job that is to connect anew.
func Serve(open func(url string) Client) {
	in := bufio.NewScanner(os.Stdin)
	clients := map[string]Client{}
	for in.Scan() {
		var j job
		Must(json.Unmarshal(in.Bytes(), &j))
		c, known := clients[j.URL]
		if !known {
			c = open(j.URL)
			clients[j.URL] = c
		}
		next := func() Client { return c }
		if j.Fresh {
			next = func() Client { return open(j.URL) }
		}
		line, err := json.Marshal(measure(j, next))
		Must(err)
		fmt.Println(string(line))
	}
}

func cpu() float64 {
	var r syscall.Rusage
	Must(syscall.Getrusage(syscall.RUSAGE_SELF, &r))
	return float64(r.Utime.Sec+r.Stime.Sec)*1e6 + float64(r.Utime.Usec+r.Stime.Usec)
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

func measure(j job, next func() Client) result {
	bytes, started, spent := allocated(), time.Now(), cpu()
	events := 0
	if j.Lines != "" {
		events = batch(j, next())
	} else {
		events = calls(j, next)
	}
	spent = cpu() - spent
	wall := float64(time.Since(started).Nanoseconds()) / 1e3
	return result{spent, wall, events, allocated() - bytes}
}

func ask(j job, c Client, prompt string) int {
	if !j.Stream {
		text, err := c.Answer(prompt)
		Must(err)
		return min(len(text), 1)
	}
	n := 0
	Must(c.Stream(prompt, func() { n++ }))
	return n
}

// spread does n pieces of work, so many at once, and adds up what they return.
func spread(n, atOnce int, work func(i int) int) int {
	total := 0
	if atOnce == 1 {
		for i := range n {
			total += work(i)
		}
		return total
	}
	var wait sync.WaitGroup
	var lock sync.Mutex
	next := 0
	for range atOnce {
		wait.Add(1)
		go func() {
			defer wait.Done()
			for {
				lock.Lock()
				i := next
				next++
				lock.Unlock()
				if i >= n {
					return
				}
				k := work(i)
				lock.Lock()
				total += k
				lock.Unlock()
			}
		}()
	}
	wait.Wait()
	return total
}

func calls(j job, next func() Client) int {
	prompt := "Say hello"
	if j.PromptBytes > 0 {
		prompt = strings.Repeat("word ", j.PromptBytes/5)
	}
	return spread(j.Calls, j.AtOnce, func(int) int { return ask(j, next(), prompt) })
}

// batch asks what each line of a file has as "text", and writes the answers with the lines' numbers.
func batch(j job, c Client) int {
	text, err := os.ReadFile(j.Lines)
	Must(err)
	out, err := os.Create(j.Out)
	Must(err)
	var lock sync.Mutex
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	n := spread(len(lines), j.AtOnce, func(i int) int {
		var line struct{ Text string }
		Must(json.Unmarshal([]byte(lines[i]), &line))
		text, err := c.Answer(line.Text)
		Must(err)
		row, err := json.Marshal(map[string]any{"index": i, "text": text})
		Must(err)
		lock.Lock()
		defer lock.Unlock()
		_, err = out.Write(append(row, '\n'))
		Must(err)
		return 1
	})
	Must(out.Close())
	return n
}
