// Package common stands in for the SDK's package of the same name.
package common

func StringPtr(value string) *string { return &value }

func StringPtrs(values []string) []*string {
	pointers := make([]*string, len(values))
	for i := range values {
		pointers[i] = &values[i]
	}
	return pointers
}

func BoolPtr(value bool) *bool { return &value }
