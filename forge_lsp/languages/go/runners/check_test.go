package $package

import (
	forgeos "os"
	forgetesting "testing"
)

func $name(t *forgetesting.T) {
	var word [$length]byte
	if count, _ := forgeos.NewFile(0, "").Read(word[:]); string(word[:count]) != "$word" {
		t.Fail()
	}
}
