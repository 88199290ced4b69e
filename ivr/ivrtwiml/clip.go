package ivrtwiml

import (
	"container/list"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"
)

const (
	// clipLife is how long the URL of a clip is good: the provider fetches it when
	// it comes to play it.
	clipLife = 10 * time.Minute
	// clipRoom is what the clips may take, in octets: about an hour of speech. The
	// oldest go.
	clipRoom = 64 << 20
)

// clips are the prompts that providers may fetch. They hold citizens' answers, so
// that their names cannot be guessed and expire.
type clips struct {
	key []byte

	mu    sync.Mutex
	used  int
	order *list.List // of *kept, the latest first
	known map[string]*list.Element
}

type kept struct {
	name string
	wav  []byte
}

// put keeps a clip, and gives the path and query under which it may be fetched.
func (c *clips) put(gateway string, wav []byte, now time.Time) string {
	sum := sha256.Sum256(wav)
	name := hex.EncodeToString(sum[:12])
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil {
		c.known, c.order = make(map[string]*list.Element), list.New()
	}
	if at, ok := c.known[name]; ok {
		c.order.MoveToFront(at)
	} else {
		c.known[name] = c.order.PushFront(&kept{name, wav})
		c.used += len(wav)
	}
	for c.used > clipRoom && c.order.Len() > 1 {
		if last, ok := c.order.Remove(c.order.Back()).(*kept); ok {
			delete(c.known, last.name)
			c.used -= len(last.wav)
		}
	}
	ends := strconv.FormatInt(now.Add(clipLife).Unix(), 10)
	return fmt.Sprintf("/%s/clip/%s.wav?e=%s&s=%s", gateway, name, ends, c.sign(name, ends))
}

// sign is the signature of a clip's name until a time.
func (c *clips) sign(name, ends string) string {
	mac := hmac.New(sha256.New, c.key)
	mac.Write([]byte(name + "\x00" + ends))
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

// get is a clip whose name was signed and has not expired.
func (c *clips) get(name, ends, signature string, now time.Time) ([]byte, bool) {
	until, err := strconv.ParseInt(ends, 10, 64)
	if err != nil || now.Unix() > until || !hmac.Equal([]byte(signature), []byte(c.sign(name, ends))) {
		return nil, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if at, ok := c.known[name]; ok {
		if k, ok := at.Value.(*kept); ok {
			return k.wav, true
		}
	}
	return nil, false
}

// clip serves a clip.
func (d *Driver) clip(c *fiber.Ctx) error {
	name := c.Params("name")
	if len(name) < len(".wav") {
		return fiber.ErrNotFound
	}
	wav, ok := d.clips.get(name[:len(name)-len(".wav")], c.Query("e"), c.Query("s"), d.Now())
	if !ok {
		return fiber.ErrNotFound
	}
	c.Set(fiber.HeaderContentType, "audio/wav")
	c.Set(fiber.HeaderCacheControl, "private, max-age=600")
	return c.Send(wav)
}
