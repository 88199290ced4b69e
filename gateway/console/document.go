package console

import (
	"errors"
	"net/url"

	"github.com/gofiber/fiber/v2"
)

// ErrAsked says that a document cannot be made as it was asked for; what wraps it
// says why, in an operator's words.
var ErrAsked = errors.New("the document cannot be made")

// Document is a file that is made on demand, such as a month's statement.
type Document struct {
	Type string // of its content, as in HTTP
	Body []byte
}

// document makes the document of that name.
func (s *Server) document(c *fiber.Ctx) error {
	write, ok := s.Documents[c.Params("name")]
	if !ok {
		return fiber.NewError(fiber.StatusNotFound, "no such document")
	}
	ask, err := url.ParseQuery(string(c.Request().URI().QueryString()))
	if err != nil {
		return fiber.NewError(fiber.StatusBadRequest, "the query string cannot be read")
	}
	d, err := write(c.UserContext(), ask)
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, d.Type)
	return c.Send(d.Body)
}
