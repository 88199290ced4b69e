package smpp

import "runtime"

// keptBuffer is how large a write buffer may be and still be used again.
const keptBuffer = 512 << 10

// write takes all that is queued, writes it in one call, and waits for more. Gathering
// needs no timer: while one write is under way, the next batch collects.
func (s *Session) write() {
	var batch []byte
	for {
		batch = s.takeQueue(batch)
		if len(batch) > 0 {
			if !s.writeBatch(batch) {
				return
			}
			continue
		}
		s.mu.Lock()
		finished := s.finishing && len(s.out) == 0
		s.mu.Unlock()
		if finished {
			s.closeWrite()
			return
		}
		select {
		case <-s.wake:
			// Let those who are about to queue something do so: one write for many PDUs.
			runtime.Gosched()
		case <-s.dead:
			return
		}
	}
}

// takeQueue swaps the queue for the spare buffer.
func (s *Session) takeQueue(spare []byte) []byte {
	if cap(spare) > keptBuffer {
		spare = nil
	}
	s.mu.Lock()
	batch := s.out
	s.out, s.owed = spare[:0], 0
	s.taken += uint64(len(batch))
	s.mu.Unlock()
	select {
	case s.room <- struct{}{}:
	default:
	}
	return batch
}

func (s *Session) writeBatch(batch []byte) bool {
	err := s.conn.SetWriteDeadline(s.cfg.Now().Add(s.cfg.WriteTimeout))
	n := 0
	if err == nil {
		n, err = s.conn.Write(batch)
	}
	s.mu.Lock()
	s.written += uint64(n)
	s.mu.Unlock()
	if err != nil {
		s.fail(lost(err))
	}
	return err == nil
}

// closeWrite tells the peer that nothing follows, so that it closes its side.
func (s *Session) closeWrite() {
	if c, ok := s.conn.(interface{ CloseWrite() error }); ok {
		_ = c.CloseWrite() // the connection is closed in any case
	}
}

// awaitRoom waits while the peer leaves too much unread, so that a peer that asks and
// never reads cannot fill our memory. The write deadline ends the wait.
func (s *Session) awaitRoom() {
	for {
		s.mu.Lock()
		full := s.owed > maxOwed && s.err == nil
		s.mu.Unlock()
		if !full {
			return
		}
		select {
		case <-s.room:
		case <-s.dead:
		}
	}
}
