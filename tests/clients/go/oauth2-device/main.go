// A program on a device without a keyboard, with golang.org/x/oauth2: at the standard endpoint for that (RFC 8628), or
// with GITHUB set at the one that its package github names, with that service's host replaced.
//
// It shows a code, asks until somebody has entered it, and prints what it got.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/github"
)

func main() {
	issuer := os.Getenv("ISSUER")
	config := oauth2.Config{
		ClientID: os.Getenv("CLIENT_ID"),
		Scopes:   []string{"read"},
		Endpoint: oauth2.Endpoint{
			DeviceAuthURL: issuer + "/oauth2/device_authorization",
			TokenURL:      issuer + "/oauth2/access_token",
		},
	}
	who := issuer + "/api/verify"
	if os.Getenv("GITHUB") != "" {
		move := func(url string) string { return strings.Replace(url, "https://github.com", issuer, 1) }
		config.Scopes = []string{"read:user"}
		config.Endpoint = oauth2.Endpoint{
			DeviceAuthURL: move(github.Endpoint.DeviceAuthURL),
			TokenURL:      move(github.Endpoint.TokenURL),
		}
		who = issuer + "/api/v3/user"
	}

	// Nobody waits for ever.
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	shown, err := config.DeviceAuth(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("Open", shown.VerificationURI, "and enter", shown.UserCode)
	token, err := config.DeviceAccessToken(ctx, shown)
	if err != nil {
		log.Fatal(err)
	}
	reply, err := config.Client(ctx, token).Get(who)
	if err != nil {
		log.Fatal(err)
	}
	defer reply.Body.Close()
	var user any
	if err := json.NewDecoder(reply.Body).Decode(&user); err != nil {
		log.Fatal(err)
	}
	seen := map[string]any{"user": user, "scope": token.Extra("scope"),
		"complete": shown.VerificationURIComplete}
	if err := json.NewEncoder(os.Stdout).Encode(seen); err != nil {
		log.Fatal(err)
	}
}
