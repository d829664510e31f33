// A site where people sign in by golang.org/x/oauth2: at the standard endpoints with PKCE, and at the ones that its
// package github names, with that service's host replaced.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net/http"
	"os"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
	"golang.org/x/oauth2/github"
)

var (
	issuer = os.Getenv("ISSUER")
	here   = "http://127.0.0.1:" + os.Getenv("PORT")
	// Of the one sign-in that this site serves.
	state, verifier = oauth2.GenerateVerifier(), oauth2.GenerateVerifier()
)

func main() {
	standard := &oauth2.Config{
		ClientID:     os.Getenv("CLIENT_ID"),
		ClientSecret: os.Getenv("CLIENT_SECRET"),
		RedirectURL:  here + "/callback",
		Scopes:       []string{"read", "write"},
		Endpoint:     oauth2.Endpoint{AuthURL: issuer + "/oauth2/authorize", TokenURL: issuer + "/oauth2/access_token"},
	}
	atGitHub := *standard
	atGitHub.RedirectURL = here + "/github/callback"
	atGitHub.Scopes = []string{"user:email", "repo"}
	atGitHub.Endpoint = ours(github.Endpoint)

	http.HandleFunc("/login", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, standard.AuthCodeURL(state, oauth2.S256ChallengeOption(verifier)), http.StatusFound)
	})
	http.HandleFunc("/github/login", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, atGitHub.AuthCodeURL(state), http.StatusFound)
	})
	http.HandleFunc("/callback", answer(func(r *http.Request) (any, error) {
		return signIn(r, standard, "/api/verify", oauth2.VerifierOption(verifier))
	}))
	http.HandleFunc("/github/callback", answer(func(r *http.Request) (any, error) {
		return signIn(r, &atGitHub, "/api/v3/user")
	}))
	http.HandleFunc("/own", answer(func(r *http.Request) (any, error) {
		config := clientcredentials.Config{ClientID: standard.ClientID, ClientSecret: standard.ClientSecret,
			TokenURL: standard.Endpoint.TokenURL, Scopes: []string{"read"}}
		token, err := config.Token(r.Context())
		return map[string]any{"token": token}, err
	}))
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil))
}

// The endpoint of the service, at our host.
func ours(endpoint oauth2.Endpoint) oauth2.Endpoint {
	move := func(url string) string { return strings.Replace(url, "https://github.com", issuer, 1) }
	endpoint.AuthURL, endpoint.TokenURL = move(endpoint.AuthURL), move(endpoint.TokenURL)
	endpoint.DeviceAuthURL = move(endpoint.DeviceAuthURL)
	return endpoint
}

func signIn(r *http.Request, config *oauth2.Config, who string, options ...oauth2.AuthCodeOption) (any, error) {
	if r.FormValue("state") != state {
		return nil, errors.New("this is not the state that was sent")
	}
	token, err := config.Exchange(r.Context(), r.FormValue("code"), options...)
	if err != nil {
		return nil, err
	}
	user, err := get(r.Context(), config, token, issuer+who)
	if err != nil {
		return nil, err
	}
	seen := map[string]any{"token": token, "scope": token.Extra("scope"), "user": user, "expires": !token.Expiry.IsZero()}
	if token.RefreshToken != "" {
		// As if its time were over: the library then refreshes by itself.
		old := *token
		old.Expiry = time.Now().Add(-time.Minute)
		seen["user_after_refresh"], err = get(r.Context(), config, &old, issuer+who)
		if err != nil {
			return nil, err
		}
	}
	var refused *oauth2.RetrieveError
	if _, err = config.Exchange(r.Context(), r.FormValue("code"), options...); errors.As(err, &refused) {
		seen["same_code_again"] = refused.ErrorCode
	}
	return seen, nil
}

func get(ctx context.Context, config *oauth2.Config, token *oauth2.Token, url string) (any, error) {
	reply, err := config.Client(ctx, token).Get(url)
	if err != nil {
		return nil, err
	}
	defer reply.Body.Close()
	body, err := io.ReadAll(reply.Body)
	if err != nil {
		return nil, err
	}
	if reply.StatusCode != http.StatusOK {
		return nil, errors.New(url + ": " + reply.Status + " " + string(body))
	}
	var user any
	err = json.Unmarshal(body, &user)
	return user, err
}

func answer(page func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		seen, err := page(r)
		if err != nil {
			log.Print(err)
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(seen); err != nil {
			log.Print(err)
		}
	}
}
