"""What the doors ask for, parsed."""

from django import forms


class SignInForm(forms.Form):
    email = forms.CharField(max_length=320)
    password = forms.CharField(max_length=1000, strip=False)


class ForgottenForm(forms.Form):
    email = forms.EmailField(max_length=254)


class PasswordForm(forms.Form):
    password = forms.CharField(max_length=1000, strip=False)
